/** How a restore ends: removes unused restored data, or counts the restored keys. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../../errors.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { RESTORE } from '../../host/extensions.ts'
import { runErrand } from '../../engine/errand.ts'
import type { Lock } from '../../engine/lock.ts'
import { type Session, allMembers } from '../../tiers/etcd/session.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { counted } from '../../spec/units.ts'

/** How long the nodes may take for it after the signal, in ms. */
const DISCARD_MS = 20_000

/** How long an interrupted command may take to end on its node, in ms: its processes get SIGHUP. */
const HUNG_UP_MS = 2_000

/** Removes unused restored data. An unreachable node keeps it until the next restore, and a warning says so. */
export async function discard(session: Session, lock: Lock): Promise<void> {
  const { dataDirectory, walDirectory } = session.cluster.etcd
  // An interrupted command could still write into the directory that is removed.
  await sleep(HUNG_UP_MS)
  const { errors } = await onAll(etcdNodes(session.cluster), async (node) => {
    const operations = [['restore_discard', { data: dataDirectory, wal: walDirectory }]] as const
    try {
      await runErrand(session, lock, node, {
        reason: 'cleanup',
        withinMs: DISCARD_MS,
        operations,
        extension: RESTORE,
      })
    } catch (error) {
      throw QuorateError.from(error, 'command', "can't remove the unused restored data", {
        host: node.name,
      })
    }
  })
  for (const { host, message } of errors) {
    const text = `${dataDirectory}.quorate-restore-… may still exist (${message}); the next restore removes it`
    session.emit({ type: 'warning', host, text })
  }
}

/** Every key; a range that ends in a zero byte has no end. */
const ALL = { key: new Uint8Array([0]), rangeEnd: new Uint8Array([0]) }

/**
 * Counts the keys of the restored cluster. @param expected as many as were counted when the snapshot was taken
 * @throws QuorateError `etcd`
 */
export async function provenKeys(
  session: Session,
  expected: string | undefined,
): Promise<{ readonly keys: bigint; readonly revision: bigint }> {
  const [first] = await allMembers(session)
  if (first === undefined) throw new TypeError('a cluster without members')
  const { count, header } = await first.call(
    KV.method.range,
    { ...ALL, countOnly: true },
    { signal: session.signal },
  )
  if (expected !== undefined && BigInt(expected) !== count) {
    // Leases run out, and clients write again as soon as there is a cluster.
    const text = `the cluster has ${counted(count, 'key')}, the snapshot had ${expected}: clients have written since, or leases have expired`
    session.emit({ type: 'warning', text })
  }
  return { keys: count, revision: header?.revision ?? 0n }
}
