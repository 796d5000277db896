/** Records a test restore in a file next to the bundle, and removes the record when it no longer holds. */
import { hostname } from 'node:os'
import type { SideFile } from '../../backup/bundle.ts'
import { provenFileName } from '../../backup/names.ts'
import { type Proven, parseProven, signProven } from '../../backup/proven.ts'
import type { Signer } from '../../signing/ssh-keygen.ts'
import type { QuorateError } from '../../errors.ts'
import type { BackupStore, StoredFile } from '../../store/store.ts'
import type { DrillReport } from './drill.ts'

/** Whether the record belongs to this file, and not to an earlier one with the same name. */
export function isProofOf(proven: Proven, side: SideFile | undefined): boolean {
  return side === undefined || side.bundle.sha256 === proven.sha256
}

export interface RecordPlace {
  readonly store: BackupStore
  readonly file: StoredFile
  readonly now: () => Date
  readonly signal: AbortSignal
}

/**
 * @param by.sha256 hex, of the bundle as stored
 * @param by.signer signs the record
 * @throws QuorateError `store`; `state` if it can't be signed
 */
export async function recordProof(
  { store, file, now, signal }: RecordPlace,
  { etcdVersion, checks }: DrillReport,
  { sha256, signer }: { readonly sha256: string; readonly signer: Signer },
): Promise<void> {
  const found = (what: string) => checks.find((check) => check.what === what)
  const hash = found('hash')
  const proven: Proven = {
    provenAt: now().toISOString(),
    by: hostname(),
    etcdVersion,
    sha256,
    keys: found('keys')?.found ?? '0',
    revision: found('revision')?.found ?? '0',
    ...(hash?.outcome === 'equal' ? { hash: hash.found } : {}),
  }
  const signed = await signProven(proven, file.name, signer, signal)
  await store.write(provenFileName(file.name), `${JSON.stringify(signed, undefined, 2)}\n`, signal)
}

/**
 * Removes the record of a test restore that no longer holds, if there is one. @returns the error to throw: the given
 * one, plus the cause if the removal failed
 */
export async function withdrawn(
  { store, file, signal }: RecordPlace,
  error: QuorateError,
  holdsNoMore: (proven: Proven) => Promise<boolean>,
): Promise<QuorateError> {
  const name = provenFileName(file.name)
  try {
    const proven = parseProven(await store.read(name, signal))
    if (proven !== undefined && (await holdsNoMore(proven))) await store.remove(name, signal)
    return error
  } catch (trouble) {
    const why = trouble instanceof Error ? trouble.message : String(trouble)
    const hint = `${error.hint ?? ''}\n${name} is still recorded as restore-tested: ${why}`.trim()
    return error.with({ hint })
  }
}
