/** Stands, in a world that is only foreseen, for what can't be known before it is there. */
export const UNKNOWN_YET = '(known after it is made)'
