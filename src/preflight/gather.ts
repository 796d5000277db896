/**
 * Asks all nodes at once, with one session for each. When every node has inspected itself and started its
 * listeners, all dial. When all have dialed, all end.
 */
import { PassThrough } from 'node:stream'
import { QuorateError } from '../errors.ts'
import { furtherListeners } from '../etcd/configuration.ts'
import account from '../host/agent/account.sh?raw'
import ground from '../host/agent/ground.sh?raw'
import kubernetesNode from '../host/agent/node.sh?raw'
import owner from '../host/agent/owner.sh?raw'
import places from '../host/places.sh?raw'
import packages from '../host/agent/packages.sh?raw'
import { type NodeNeeds, packagesFor } from '../host/needs.ts'
import type { Look } from '../host/operations.ts'
import { PATHS } from '../host/state.ts'
import { type Cluster, etcdNodes, type Node } from '../spec/cluster.ts'
import { LOOK_MS } from '../ssh/limits.ts'
import type { Remote } from '../ssh/remote.ts'
import type { ClockReading } from './clock.ts'
import { type HostFacts, parseFacts } from './facts.ts'
import surroundings from '../host/agent/surroundings.sh?raw'
import facts from './facts.sh?raw'
import { loadBalancerHost } from './names.ts'
import { type Dial, target } from './peers.ts'
import rehearse from './rehearse.sh?raw'
import { sandboxOf, WRITTEN } from './rehearsal.ts'
import { TOOLS } from './system.ts'

/** Preflight uses the same look functions as the agent. */
const SCRIPT = [places, ground, packages, account, kubernetesNode, owner, surroundings, rehearse, facts].join(
  '',
)

export interface Gathered {
  readonly facts: HostFacts
  readonly clock: ClockReading | undefined
  readonly dials: readonly Dial[]
}

export interface GatherOptions {
  readonly cluster: Cluster
  readonly remotes: ReadonlyMap<string, Remote>
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How long a node may take once it has started, in ms. */
  readonly limitMs: number
  readonly onAnswer: (host: string) => void
  /** The nodes to inspect; the others only dial them and are dialed. All unless given. */
  readonly only?: ReadonlySet<string> | undefined
  /** The products other than etcd. */
  readonly tiers?: readonly NodeNeeds[] | undefined
}

/** Each node's answer, or why there is none. The other nodes don't wait for one that fails. */
export async function gather(options: GatherOptions): Promise<ReadonlyMap<string, Gathered | QuorateError>> {
  const { cluster, remotes } = options
  const interviews = cluster.nodes.flatMap((node) => {
    const remote = remotes.get(node.name)
    return remote === undefined ? [] : [startInterview(node, remote, options)]
  })
  const outcomes = interviews.map(async ({ host, outcome }) => [host, await outcome] as const)
  const [answers] = await Promise.all([Promise.all(outcomes), conduct(interviews)])
  return new Map(answers)
}

async function conduct(interviews: readonly Interview[]): Promise<void> {
  await Promise.all(interviews.map(async ({ ready }) => await ready))
  for (const { dial } of interviews) dial()
  await Promise.all(interviews.map(async ({ dialled }) => await dialled))
  for (const { end } of interviews) end()
}

interface Interview {
  readonly host: string
  /** Both resolve even if the node fails. */
  readonly ready: Promise<void>
  readonly dialled: Promise<void>
  readonly outcome: Promise<Gathered | QuorateError>
  readonly dial: () => void
  readonly end: () => void
}

function startInterview(node: Node, remote: Remote, options: GatherOptions): Interview {
  const { cluster, now, signal } = options
  const started = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  const dialled = Promise.withResolvers<void>()
  const tooLong = new AbortController()
  const stdin = new PassThrough()
  let sentAt = 0
  let clock: ClockReading | undefined
  const hear = (line: string) => {
    if (line === 'begin') started.resolve()
    else if (line === 'ready') {
      options.onAnswer(node.name)
      ready.resolve()
    } else if (line === 'dialled') dialled.resolve()
    else if (line.startsWith('time ')) clock = readClock(line, sentAt, now())
  }
  const timer = started.promise.then(() => setTimeout(() => tooLong.abort(), options.limitMs))
  const ask = async (): Promise<Gathered | QuorateError> => {
    try {
      const { exitCode, stdout, stderr } = await remote.run({
        argv: [
          'sh',
          '-c',
          SCRIPT,
          'quorate-preflight',
          ...questions(cluster, node, options.remotes, options.only, options.tiers),
        ],
        root: true,
        stdin,
        signal: AbortSignal.any([signal, tooLong.signal]),
        // In addition to the node's own limit: the node waits for the others.
        patience: { asked: 'preflight checks', ms: 5 * LOOK_MS },
        onStdout: byLine(hear),
      })
      if (exitCode !== 0) return scriptFailure(node.name, exitCode, stderr)
      const resolved = loadBalancerHost(cluster.loadBalancerUrl) !== undefined
      return {
        facts: parseFacts(stdout, { unitPath: PATHS.unit, resolved }),
        clock,
        dials: readDials(stdout),
      }
    } catch (error) {
      signal.throwIfAborted()
      if (tooLong.signal.aborted) return tookTooLong(node.name, options.limitMs)
      if (error instanceof QuorateError) return error
      throw error
    } finally {
      started.resolve()
      clearTimeout(await timer)
      ready.resolve()
      dialled.resolve()
      stdin.end()
    }
  }
  return {
    host: node.name,
    ready: ready.promise,
    dialled: dialled.promise,
    outcome: ask(),
    dial: () => {
      sentAt = now()
      if (stdin.writable) stdin.write('go\n')
    },
    end: () => void stdin.end(),
  }
}

/** The arguments of `facts.sh` for one node. A node that is not connected has no listener, so no node dials it. */
export function questions(
  cluster: Cluster,
  node: Node,
  remotes: ReadonlyMap<string, unknown>,
  only?: ReadonlySet<string>,
  tiers: readonly NodeNeeds[] = [],
): string[] {
  const { dataDirectory, walDirectory, clientPort, peerPort } = cluster.etcd
  const isEtcd = node.roles.includes('etcd')
  const ports = [clientPort, peerPort]
  const isMeant = (name: string) => only === undefined || only.has(name)
  const dials = (name: string) =>
    name !== node.name && remotes.has(name) && (isMeant(node.name) || isMeant(name))
  const peers = isEtcd ? etcdNodes(cluster).filter((peer) => dials(peer.name)) : []
  const balancer = loadBalancerHost(cluster.loadBalancerUrl)
  return [
    ...(isEtcd ? [dataDirectory, walDirectory] : ['/var/lib', '/var/lib']),
    ...(isEtcd && isMeant(node.name)
      ? [
          ...WRITTEN.map((path) => `write:${path}`),
          ...sandboxOf(cluster).map((property) => `property:${property}`),
        ]
      : []),
    ...(isMeant(node.name) ? [] : ['no-writes']),
    ...Object.keys(TOOLS).map((tool) => `tool:${tool}`),
    ...packagesFor(cluster, node, tiers).map((name) => `package:${name}`),
    ...tiers.flatMap((tier) => tier.ports(cluster, node).map(({ port }) => `port:${port}`)),
    ...tiers.flatMap((tier) => tier.looks(cluster, node).flatMap(asNode)),
    ...(balancer === undefined ? [] : [`resolve:${balancer}`]),
    ...(isEtcd ? ports.flatMap((port) => [`port:${port}`, `listen:${target(node.address, port)}`]) : []),
    ...(isEtcd ? furtherListeners(cluster).map(({ port }) => `port:${port}`) : []),
    ...peers.flatMap((peer) => ports.map((port) => `dial:${target(peer.address, port)}`)),
    ...(peers.length > 0 ? [`own:${PATHS.tls}/${cluster.pki.layout === 'single' ? 'etcd' : 'peer'}`] : []),
  ]
}

/** Preflight asks the same about a Kubernetes node as the agent is asked. */
function asNode([name, values]: Look): string[] {
  return name === 'node' ? [`node:${[values.address, values.service, ...values.ports].join(',')}`] : []
}

/**
 * The node read its clock at an unknown time between the two moments: the estimate is the middle, plus or
 * minus half. Both moments are truncated to whole milliseconds, so the later one may be 1 ms later.
 */
function readClock(line: string, sentAt: number, receivedAt: number): ClockReading | undefined {
  const theirs = Number(line.slice('time '.length)) * 1000
  if (!Number.isFinite(theirs)) return undefined
  return { offsetMs: theirs - (sentAt + receivedAt + 1) / 2, uncertaintyMs: (receivedAt + 1 - sentAt) / 2 }
}

function readDials(stdout: string): Dial[] {
  return [...stdout.matchAll(/^dial (\S+) (open|refused|silent|error) ?(\S*)$/gm)].map(
    ([, to, outcome, reason]) => ({
      target: to ?? '',
      outcome: outcome as Dial['outcome'],
      reason: explain(Buffer.from(reason ?? '', 'base64').toString()),
    }),
  )
}

/** openssl's `…:system library:BIO_connect:No route to host:../crypto/bio/…`, or its last words. */
function explain(words: string): string {
  return /:system library:[^:]*:([^:\n]+)/.exec(words)?.[1] ?? words.trim().split('\n').at(-1) ?? ''
}

function byLine(hear: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(line)
  }
}

function scriptFailure(host: string, exitCode: number, stderr: string): QuorateError {
  const reason = stderr.trim().split('\n').at(-1) || `exit code ${exitCode}`
  return new QuorateError('command', `the node could not be inspected: ${reason}`, {
    host,
    hint: 'make sure that the node has a POSIX sh, coreutils and a writable /run',
  })
}

function tookTooLong(host: string, limitMs: number): QuorateError {
  return new QuorateError(
    'unreachable',
    `the node did not finish the inspection within ${limitMs / 1000} s`,
    {
      host,
      hint: 'check the node for overload or a stuck disk: uptime; dmesg',
    },
  )
}
