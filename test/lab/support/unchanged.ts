/** What a command prints that found nothing to do: in one place, as many tests ask for it. */

/** Its first words, whatever follows. */
export const UNCHANGED = 'nothing to change'

/** All of it, of `apply` and others. */
export const NOTHING_TO_CHANGE = `${UNCHANGED}\n`
