/** What a restore must know of the nodes besides etcd: which services use it, and how much disk space is free. */
import { combineErrors } from '../../errors.ts'
import { RESTORE } from '../../host/extensions.ts'
import { runAgent } from '../../host/agent.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { type EtcdClient, parseEtcdClients } from '../../tiers/etcd/facts/etcd-clients.ts'

export interface Surroundings {
  readonly etcdClients: readonly EtcdClient[]
  readonly room: readonly Room[]
}

interface Room {
  readonly host: string
  readonly freeBytes: number
  readonly mount: string
  readonly path: string
}

/** One round trip to each node. @throws QuorateError of the nodes that can't be asked */
export async function lookAround(session: Session): Promise<Surroundings> {
  const { cluster, signal } = session
  const carriers = new Set(etcdNodes(cluster).map(({ name }) => name))
  const { results, errors } = await onAll(cluster.nodes, async (node) => {
    const folders = carriers.has(node.name) ? [cluster.etcd.dataDirectory, cluster.etcd.walDirectory] : []
    const looks = [['restore', { folders }]] as const
    const run = { operations: [], looks, extension: RESTORE, signal }
    return (await runAgent(await session.remote(node), run)).lines
  })
  if (errors.length > 0) throw combineErrors(errors)
  const lines = results.flatMap(({ host, value }) => value.map((line) => ({ host, line })))
  const room = lines.flatMap(({ host, line }) => parseRoom(host, line))
  return {
    etcdClients: results.flatMap(({ host, value }) => parseEtcdClients(host, value)),
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
