/** Changes who may sign backups. This happens on the workstation only: no node takes part. */
import { listOf, revokeSigner, rotateOperator, signersCalled, signersFile } from '../../backup/signers.ts'
import { type Operator, type VerbSession, runVerb, withoutMachines } from '../../engine/run-verb.ts'
import type { AllowedSigner } from '../../signing/allowed-signers.ts'
import type { Cluster } from '../../spec/cluster.ts'

export interface SignersOptions {
  readonly cluster: Cluster
  /** The operator: where the record is kept, and who receives reports. */
  readonly operator: Operator
  readonly signal: AbortSignal
}

/** Common to both commands. */
const LOCAL = {
  name: 'backup signers',
  scope: () => 'none' as const,
  lookHint: 'quorate backup signers',
  probe: () => false as const,
} as const

/**
 * Creates a new key for the operator. Existing signatures of the old key stay valid.
 *
 * @param confirm throws to stop; nothing was changed by then
 * @throws QuorateError `moved` if the list of signers changed since the preview
 */
export async function rotateOperatorKey(
  { cluster, operator, signal }: SignersOptions,
  confirm: () => Promise<void>,
): Promise<AllowedSigner> {
  const { result } = await runVerb<VerbSession, readonly AllowedSigner[], AllowedSigner>(
    withoutMachines(operator, signal),
    {
      ...LOCAL,
      decide: async () => await listOf(cluster),
      confirm,
      same: areSame,
      carryOut: async ({ session }) =>
        await rotateOperator(cluster, { now: session.now(), signal: session.signal }),
    },
  )
  return result
}

/**
 * Revokes keys: their signatures are no longer valid, whatever their date.
 *
 * @param who name or fingerprint, as in the list
 * @param confirm receives the keys, and throws to stop
 * @throws QuorateError `usage` for an unknown name; `moved` if the list of signers changed since the preview
 */
export async function revokeKeys(
  { cluster, operator, signal }: SignersOptions,
  who: string,
  confirm: (going: readonly AllowedSigner[]) => Promise<void>,
): Promise<readonly AllowedSigner[]> {
  const { result } = await runVerb<VerbSession, readonly AllowedSigner[], readonly AllowedSigner[]>(
    withoutMachines(operator, signal),
    {
      ...LOCAL,
      decide: async () => signersCalled(await listOf(cluster), who, signersFile(cluster)),
      confirm,
      same: areSame,
      carryOut: async ({ session }) => await revokeSigner(cluster, who, session.now()),
    },
  )
  return result
}

function areSame(shown: readonly AllowedSigner[], now: readonly AllowedSigner[]): boolean {
  return fingerprintsOf(shown) === fingerprintsOf(now)
}

function fingerprintsOf(signers: readonly AllowedSigner[]): string {
  return signers.map(({ fingerprint }) => fingerprint).join(' ')
}
