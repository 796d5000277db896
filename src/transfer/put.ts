/** Writes keys batch by batch, each only if it has not changed since it was read. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { failureKind } from '../etcd/failure.ts'
import { Compare_CompareResult, Compare_CompareTarget, KV } from '../etcd/gen/kv_pb.ts'
import { askAny } from './ask.ts'
import { type Wanted, nameOf } from './batches.ts'
import { type Compared, compareBatch } from './compare.ts'
import type { Leases } from './leases.ts'
import { counted } from '../spec/units.ts'

/** Others may write the same keys: how often keys are read again before the operator has to decide. */
const ATTEMPTS = 5

/** What happens to a key that exists with another value: it stops the import, is kept, or is replaced. */
export type Differing = 'refuse' | 'keep' | 'replace'

export interface PutCounts {
  readonly written: number
  readonly replaced: number
  readonly same: number
  /** Different, and kept. */
  readonly kept: number
  readonly ended: number
}

/**
 * Writes all of a batch, or nothing of it. Safe to repeat.
 *
 * @throws QuorateError `moved` if a key differs now and `differing` is `refuse`, or if others write these keys all the
 *   time. `etcd` also for a request that is larger than this cluster accepts.
 */
export async function putBatch(
  clients: readonly MemberClient[],
  batch: readonly Wanted[],
  { leases, differing, signal }: { leases: Leases; differing: Differing; signal?: AbortSignal | undefined },
): Promise<PutCounts> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const compared = await compareBatch(clients, batch, leases, signal)
    const count = (standing: Compared['standing']) =>
      compared.filter((one) => one.standing === standing).length
    const different = compared.find(({ standing }) => standing === 'different')
    if (different !== undefined && differing === 'refuse') throw nowDiffers(different)
    const todo = compared.filter(
      ({ standing }) => standing === 'new' || (standing === 'different' && differing === 'replace'),
    )
    if (todo.length > 0) {
      await leases.ensure(
        todo.map(({ wanted }) => wanted.lease),
        attempt > 0,
      )
      if (!(await put(clients, todo, leases, signal))) continue
    }
    return {
      written: count('new'),
      replaced: differing === 'replace' ? count('different') : 0,
      same: count('same'),
      kept: differing === 'replace' ? 0 : count('different'),
      ended: count('ended'),
    }
  }
  const [first] = batch
  throw new QuorateError(
    'moved',
    `other clients write these keys during the import, from ${nameOf(first?.key ?? new Uint8Array())} on`,
    {
      hint: 'stop those clients, then rerun the import (written keys stay)',
    },
  )
}

/** false: a key has changed since it was read, or a lease expired; nothing was written. */
async function put(
  clients: readonly MemberClient[],
  todo: readonly Compared[],
  leases: Leases,
  signal?: AbortSignal,
): Promise<boolean> {
  const compare = todo.map(({ wanted, modRevision }) => ({
    key: wanted.key,
    target: Compare_CompareTarget.MOD,
    result: Compare_CompareResult.EQUAL,
    targetUnion: { case: 'modRevision' as const, value: modRevision },
  }))
  const success = todo.map(({ wanted: { key, value, lease } }) => ({
    request: { case: 'requestPut' as const, value: { key, value, lease: leases.idOf(lease) } },
  }))
  try {
    const ask = async (one: MemberClient) => await one.call(KV.method.txn, { compare, success }, { signal })
    return (await askAny(clients, ask, signal)).succeeded
  } catch (error) {
    if (failureKind(error) !== 'answered' || !(error instanceof QuorateError)) throw error
    // Decided by reading again, not by the text of the answer: an expired lease is granted again.
    const used = todo.map(({ wanted }) => wanted.lease)
    if (await leases.anyEnded(used)) return false
    throw new QuorateError(
      'etcd',
      `${error.message} (writing ${counted(todo.length, 'key')} from ${nameOf(todo[0]?.wanted.key ?? new Uint8Array())} on)`,
      {
        host: error.host,
        hint: 'if a value is too large for this cluster, set a larger max-request-bytes (etcd.settings in the cluster file, then quorate apply). Then rerun the import to continue: written keys stay',
        cause: error,
      },
    )
  }
}

function nowDiffers({ wanted }: Compared): QuorateError {
  return new QuorateError('moved', `another client wrote key ${nameOf(wanted.key)} during the import`, {
    hint: 'rerun the import, which shows what differs (written keys stay)',
  })
}
