/** What a restore meets on the machines beside etcd itself: who uses it there, and whether there is room. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { RESTORE } from '../../host/extensions.ts'
import { runAgent } from '../../host/agent.ts'
import { formatBytes } from '../../spec/units.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { type Consumer, parseConsumers } from '../../tiers/etcd/facts/etcd-clients.ts'

/** Left free besides: etcd's first log segment, and some air. */
const MARGIN_BYTES = 192 * 1024 ** 2

export interface Surroundings {
  readonly consumers: readonly Consumer[]
  readonly room: readonly Room[]
}

interface Room {
  readonly host: string
  readonly freeBytes: number
  readonly mount: string
  readonly path: string
}

/** One round trip each. @throws QuorateError of the machines that can't be asked */
export async function lookAround(session: Session): Promise<Surroundings> {
  const { cluster, signal } = session
  const carriers = new Set(etcdNodes(cluster).map(({ name }) => name))
  const { results, errors } = await onAll(cluster.nodes, async (node) => {
    const folders = carriers.has(node.name) ? [cluster.etcd.dataDirectory, cluster.etcd.walDirectory] : []
    const looks = [['restore', ...folders]] as const
    const run = { operations: [], looks, extension: RESTORE, signal }
    return (await runAgent(await session.remote(node), run)).lines
  })
  if (errors.length > 0) throw combineErrors(errors)
  const lines = results.flatMap(({ host, value }) => value.map((line) => ({ host, line })))
  const room = lines.flatMap(({ host, line }) => parseRoom(host, line))
  return {
    consumers: results.flatMap(({ host, value }) => parseConsumers(host, value)),
    room,
  }
}

/** `room KIB MOUNT PATH` */
function parseRoom(host: string, line: string): Room[] {
  const parts = /^room (\d+) (.*) (\S+)$/.exec(line)
  if (parts === null) return []
  const [, kib = '', mount = '', path = ''] = parts
  return [{ host, freeBytes: Number(kib) * 1024, mount, path }]
}

/**
 * Once as it travels, once as it is restored. @param hosts those on which that is still to be done
 * @throws QuorateError `blocked` naming every disk that is too small
 */
export function requireRoom(
  { room }: Surroundings,
  dataDirectory: string,
  sizeBytes: number,
  hosts: readonly string[],
): void {
  const tight = room
    .filter(({ host, path }) => path === dataDirectory && hosts.includes(host))
    .filter(({ freeBytes }) => freeBytes < 2 * sizeBytes + MARGIN_BYTES)
  if (tight.length === 0) return
  const errors = tight.map(
    ({ host, freeBytes, mount }) =>
      new QuorateError(
        'blocked',
        `${formatBytes(freeBytes)} are free on ${mount}, ${formatBytes(2 * sizeBytes + MARGIN_BYTES)} are wanted: for the snapshot, and for what is restored from it beside the present data`,
        { host, hint: 'make room there (df -h); nothing was changed' },
      ),
  )
  throw combineErrors(errors)
}
