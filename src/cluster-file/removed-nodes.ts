/**
 * Nodes that left the cluster file, and how to reach them. The file no longer says that, so quorate keeps it next to
 * the cluster's CA, until etcd's data on the node is renamed. Only the cluster itself says who is a member.
 */
import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { replaceFile } from '../files/atomic-file.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'

const RemovedNodeFile = z.object({
  name: z.string(),
  etcdName: z.string().optional(),
  address: z.string(),
  ssh: z.object({
    host: z.string(),
    user: z.string().optional(),
    port: z.number().optional(),
    identityFile: z.string().optional(),
    jump: z.string().optional(),
  }),
  /** ISO 8601. */
  left: z.string(),
  /** When its node was decommissioned; null: not yet. */
  cleared: z.string().nullable(),
})

export interface RemovedNode {
  readonly node: Node
  readonly left: string
  readonly cleared: string | null
}

function folder({ stateDirectory }: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'departed')
}

/** @param cleared when its node was decommissioned; undefined: it still has to be. */
export async function keepRemovedNode(
  cluster: Pick<Cluster, 'stateDirectory'>,
  { name, etcdName, address, ssh }: Node,
  times: { readonly left: Date; readonly cleared?: Date | undefined },
): Promise<void> {
  const content: z.input<typeof RemovedNodeFile> = {
    name,
    etcdName,
    address,
    ssh,
    left: times.left.toISOString(),
    cleared: times.cleared?.toISOString() ?? null,
  }
  await mkdir(folder(cluster), { recursive: true, mode: 0o700 })
  const file = path.join(folder(cluster), `${name}.json`)
  await replaceFile(file, `${JSON.stringify(content, null, 2)}\n`, 0o600)
}

/** undefined: no node of this name has left through quorate. @throws QuorateError `state` for a damaged file. */
export async function removedNode(
  cluster: Pick<Cluster, 'stateDirectory'>,
  name: string,
): Promise<RemovedNode | undefined> {
  const file = path.join(folder(cluster), `${name}.json`)
  let text: string
  try {
    text = await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'state', `${file} can't be read`)
  }
  try {
    const { ssh, left, cleared, ...node } = RemovedNodeFile.parse(JSON.parse(text))
    const { host, user, port, identityFile, jump } = ssh
    const target = { host, user, port, identityFile, jump }
    return { left, cleared, node: { ...node, addresses: [], names: [], roles: ['etcd'], ssh: target } }
  } catch (error) {
    throw new QuorateError('state', `${file} is damaged`, {
      hint: `delete this file, which only says how to reach a node that was removed from the cluster, and decommission that node by hand`,
      cause: error,
    })
  }
}

/** Nodes that left the file and, as far as known, still have etcd's data. */
export async function unclearedNodes(cluster: Cluster): Promise<readonly Node[]> {
  const files = await readdir(folder(cluster)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw QuorateError.from(error, 'state', `${folder(cluster)} can't be read`)
  })
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length))
  const all = await Promise.all(names.map(async (name) => await removedNode(cluster, name)))
  const present = new Set(etcdNodes(cluster).map(({ name }) => name))
  return all.flatMap((one) =>
    one === undefined || one.cleared !== null || present.has(one.node.name) ? [] : [one.node],
  )
}
