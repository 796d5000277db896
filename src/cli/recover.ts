/** `quorate recover --from-survivor` and `--abandon` on the command line. */
import { QuorateError } from '../errors.ts'
import type { Cluster } from '../spec/cluster.ts'
import type { CommandInput } from './command.ts'
import type { CliContext } from './context.ts'

export async function runRecovery(
  _context: CliContext,
  _input: CommandInput,
  _what: { readonly cluster: Cluster; readonly lost: readonly string[] },
): Promise<number> {
  throw new QuorateError('usage', 'not offered yet')
}
