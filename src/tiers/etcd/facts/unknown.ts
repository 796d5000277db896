/** Placeholder in a predicted state for a value that is unknown until it exists. */
export const UNKNOWN_YET = '(known after creation)'
