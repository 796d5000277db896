/** As other tiers name it, and as its steps are marked. */
export const TIER = 'kubernetes'
