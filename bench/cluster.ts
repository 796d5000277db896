/** A cluster of the bench: its file, its machines in the lab, and the tool run on it. */
import { rm, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { type Ran, must } from './measure.ts'

export interface BenchCluster {
  readonly name: string
  readonly folder: string
  readonly nodes: readonly { readonly name: string; readonly role: string; readonly address: string }[]
  readonly identityFile: string
  readonly knownHosts: string
  /** `quorate -f FILE …`; must succeed. */
  quorate(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>
  /** Writes the file again, with these lines more under `etcd`. */
  configure(etcd: string): Promise<void>
  /** Machines as they are after their first boot, and a quorate that has never seen them. */
  pristine(): Promise<void>
  down(): Promise<void>
}

/** What a cluster consists of. */
export interface Shape {
  /** Of each node. */
  readonly roles: readonly string[]
  /** The rest of the cluster file; `etcd` comes last, in block style. */
  readonly content: string
}

const ETCD = 'etcd:\n  version: "3.5.16"\n  source: { debian: { suite: trixie } }\n'

/** Three members, and as many other nodes as make `count`. */
function etcdAlone(count: number): Shape {
  const roles = Array.from({ length: count }, (_, index) =>
    index < 3 ? 'etcd' : index < 5 ? 'master' : 'worker',
  )
  return { roles, content: ETCD }
}

/** In a free network. @param shape a number: three members, and other nodes beside them */
export async function benchCluster(
  folder: string,
  name: string,
  shape: number | Shape,
  tool: string,
): Promise<BenchCluster> {
  const network = freeNetwork()
  const { roles, content } = typeof shape === 'number' ? etcdAlone(shape) : shape
  const nodes = roles.map((role, index) => ({
    name: `${role}${String(index + 1).padStart(2, '0')}`,
    role,
    address: `${network}.${index + 11}`,
  }))
  const file = path.join(folder, `${name}.yaml`)
  const state = path.join(folder, '.quorate', name)
  const identityFile = path.join(folder, '.quorate', `${name}-key`)
  const list = nodes.map(
    (node) => `  - { name: ${node.name}, address: ${node.address}, roles: [${node.role}] }\n`,
  )
  const configure = async (etcd: string) => {
    const head = `name: ${name}\nssh: { user: root, identityFile: ${identityFile} }\nnodes:\n${list.join('')}`
    await writeFile(file, `${head}${content}${etcd === '' ? '' : `  ${etcd}\n`}`)
  }
  await configure('')
  const quorate = async (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    await must([tool, '-f', file, '--yes', ...words], env)
  const down = async () => {
    await quorate(['lab', 'down', '--purge'])
    await rm(state, { recursive: true, force: true })
  }
  const pristine = async () => {
    await down()
    await quorate(['lab', 'up'])
  }
  const knownHosts = path.join(state, 'known_hosts')
  return { name, folder, nodes, identityFile, knownHosts, quorate, configure, pristine, down }
}

/** The first three numbers of a /24 out of 198.18.0.0/15 that this computer is not in. */
function freeNetwork(): string {
  const used = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const taken = new Set(used.map(({ address }) => address.split('.').slice(0, 3).join('.')))
  const start = process.pid % 200
  for (let step = 0; step < 200; step++) {
    const network = `198.19.${20 + ((start + step) % 200)}`
    if (!taken.has(network)) return network
  }
  throw new Error('no network of 198.19.0.0/16 is free on this computer')
}
