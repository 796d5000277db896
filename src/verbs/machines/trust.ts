/** `quorate trust`: records host keys that a person has compared. The nodes only show their keys. */
import { type Operator, type VerbSession, idle, runVerb, withoutMachines } from '../../engine/run-verb.ts'
import { recordHostKeys } from '../../ssh/record.ts'
import type { ScannedKey } from '../../ssh/trust.ts'
import { type HostKeys, type ScanOptions, type TrustResult, scanHosts } from '../../ssh/trust-hosts.ts'

export interface TrustHostsOptions extends ScanOptions {
  /** The operator: where the record is kept, and who receives reports. */
  readonly operator: Operator
  readonly signal: AbortSignal
  /** Receives the keys that would be recorded; throws to stop. Not called if there are none. */
  readonly confirm: (open: readonly ScannedKey[]) => Promise<void>
}

export async function trustHosts(options: TrustHostsOptions): Promise<TrustResult> {
  const { operator, signal, knownHosts, confirm } = options
  const { result } = await runVerb<VerbSession, HostKeys, TrustResult>(withoutMachines(operator, signal), {
    name: 'trust',
    // Records exactly what was compared, not what a node shows a second time.
    decide: async (_, shown) => {
      const seen = shown ?? (await scanHosts(options))
      return seen.open.length > 0 ? seen : idle({ ...seen, recorded: [] })
    },
    confirm: async ({ open }) => await confirm(open),
    scope: () => 'none',
    same: (shown, now) => shown === now,
    lookHint: 'quorate trust',
    probe: () => false,
    carryOut: async ({ decision }) => {
      await recordHostKeys(knownHosts, decision.open)
      return { ...decision, recorded: decision.open }
    },
  })
  return result
}
