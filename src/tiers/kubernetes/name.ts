/** The name for other tiers and in the marks of its steps. */
export const TIER = 'kubernetes'
