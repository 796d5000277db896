/** What a command prints that found nothing to do: in one place, as many tests ask for it. */
import { UNCHANGED } from '../../../src/cli/unchanged.ts'

export { NOTHING_TO_RESET, UNCHANGED } from '../../../src/cli/unchanged.ts'

/** All of it, of `apply` and others. */
export const NOTHING_TO_CHANGE = `${UNCHANGED}\n`
