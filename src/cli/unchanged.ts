/** What commands print that found nothing to do. */

/** The first words. */
export const UNCHANGED = 'nothing to change'

/** Of `reset`, with the end of the line. */
export const NOTHING_TO_RESET = 'nothing to reset\n'
