/** The state of one run on one cluster: connections, the authority, clients of the members. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { MemberClient } from '../../etcd/client.ts'
import type { NameMembers } from '../../etcd/listed-member.ts'
import type { MemberEndpoint, MemberTls } from '../../etcd/endpoint.ts'
import { LOOPBACK, type LocalPort } from '../../etcd/local-port.ts'
import type { KubernetesAuthorities } from '../../kubernetes/authorities.ts'
import type { AskPassphrase, Authority } from '../../pki/authority.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { type Fleet, openFleet } from '../../ssh/fleet.ts'
import type { Remote } from '../../ssh/remote.ts'
import type { Emit } from '../../engine/events.ts'
import type { Tier } from '../../engine/tier.ts'
import type { OperationLog } from '../../engine/recorded.ts'
import type { RecorderClients } from '../../engine/with-recorder.ts'
import type { StepRegistry } from '../../engine/step-registry.ts'
import {
  OPERATOR,
  authorityIsThere,
  issueOperator,
  operatorCredentials,
  operatorDirectory,
} from './operator.ts'
import { requireOwnState, sweepState } from '../../files/state-folder.ts'

/** How long a member may take to answer, in ms. Shorter than the 7 s after which a member without leader answers. */
const ANSWER_MS = 5_000

export interface SessionOptions {
  readonly cluster: Cluster
  readonly emit: Emit
  readonly signal: AbortSignal
  readonly now: () => Date
  /** quorate's cache, shared by all clusters. */
  readonly cacheDirectory: string
  readonly askPassphrase: AskPassphrase
  /** undefined: there is no user to ask. */
  readonly sudoPassword?: ((host: string, user: string) => Promise<string>) | undefined
  /** ssh may ask on the terminal. */
  readonly interactive?: boolean | undefined
  /** Factor of all deadlines for nodes, for tests; default 1. */
  readonly patienceFactor?: number | undefined
  /** Every kind of step there is. */
  readonly steps: StepRegistry
  /** What to observe besides etcd; default: nothing. */
  readonly tiers?: readonly Tier[] | undefined
}

export interface Session extends AsyncDisposable, Omit<SessionOptions, 'sudoPassword' | 'interactive'> {
  readonly fleet: Fleet
  /** Whether quorate has managed this cluster from this workstation: there is an operator's certificate. */
  readonly hasOperated: boolean
  /** Connects on first use. */
  remote(node: Node): Promise<Remote>
  /** A local socket that leads to a node's own etcd; needs no etcd to run there. */
  tunnel(node: Node): Promise<string>
  authority(): Promise<Authority>
  /** Kubernetes' own CAs and secrets, opened once. */
  kubernetesAuthorities(): Promise<KubernetesAuthorities>
  /** The trust bundle (PEM); undefined: quorate will create the CA, and has not yet. Creates none. */
  bundle(): Promise<string | undefined>
  /** How to dial a node's member from the workstation, and with which credentials. */
  endpoint(node: Node): Promise<MemberEndpoint>
  /** The operator's certificate with its key, and the trusted CAs; created if there is none. */
  credentials(): Promise<MemberTls>
  /**
   * Forgets the CA, the operator's certificate and every client opened with it: they are read again from the disk when
   * needed. Connections to the nodes stay.
   */
  refresh(): Promise<void>
  /** Creates the operator's certificate, unless there is one from a CA that members trust now. */
  prepareOperator(): Promise<void>
  /** Clients of these nodes' members, one each; the caller doesn't close them. */
  members(nodes: readonly Node[]): Promise<readonly MemberClient[]>
  /**
   * A client of a member without an SSH connection to its node. Dials the member's client URL from another node:
   * default the file's first etcd node.
   */
  outsider(name: string, clientUrl: string, via?: Node): Promise<MemberClient>
  /** The availability probe's own clients. @throws QuorateError of one of the nodes if none is reachable */
  recorderClients(): Promise<RecorderClients>
  /** From now on, dials a node's member at this address: it may still run with other settings than the file's. */
  found(node: Node, where: LocalPort): void
  /** The record of the operation. */
  readonly log?: OperationLog | undefined
  /** When the membership was last changed, on `performance.now`'s clock, in ms. */
  readonly pace: { last: number | undefined }
}

export { OPERATOR, operatorDirectory } from './operator.ts'

export function knownHostsFile(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'known_hosts')
}

export async function openSession(options: SessionOptions): Promise<Session> {
  const { cluster, emit, signal, now, cacheDirectory, askPassphrase } = options
  requireOwnState(cluster.stateDirectory)
  await sweepState(cluster.stateDirectory)
  const fleet = await openFleet({
    knownHosts: knownHostsFile(cluster),
    sudoPassword: options.sudoPassword,
    interactive: options.interactive,
    patienceFactor: options.patienceFactor,
    signal,
  })
  const remote = async (node: Node) => await fleet.get(node.name, node.ssh)
  const ports = new Map<string, LocalPort>()
  const place = ({ name, address }: Node): LocalPort & { readonly address: string } => {
    const { at, port, plaintext, address: known = address } = ports.get(name) ?? asInFile(cluster)
    return { at, port, plaintext, address: known }
  }
  // Forget it if it listens elsewhere after a restart: the next call uses the new address.
  const perPlace = <V>(work: (node: Node) => Promise<V>) => {
    const works = new Map<string, (node: Node) => Promise<V>>()
    const recall = async (node: Node) => {
      const { at, port, plaintext, address } = place(node)
      const key = `${node.name} ${at} ${port} ${plaintext} ${address}`
      const known = works.get(key) ?? once(work)
      works.set(key, known)
      return await known(node)
    }
    return Object.assign(recall, { forget: () => works.clear() })
  }
  const tunnel = perPlace(async (node) => {
    const { at, port } = place(node)
    return await (await remote(node)).forward({ address: at, port })
  })
  const authority = once(async (_key: 'authority') => {
    const { openAuthority } = await import('../../pki/open.ts')
    return await openAuthority({
      cluster,
      askPassphrase,
      now,
      connect: async ({ hostName, ssh }) => await fleet.get(hostName, ssh),
    })
  })
  const kubernetes = once(async (_key: 'kubernetes') => {
    const { openAuthorities } = await import('../../kubernetes/authorities.ts')
    return await openAuthorities({
      cluster,
      now,
      signal,
      askPassphrase,
      fleet,
      authority: async () => await authority('authority'),
    })
  })
  const credentials = once(async (_key: 'operator') => {
    const tls = await operatorCredentials(options, await authority('authority'))
    await warnOfWeakCas(tls.ca)
    return tls
  })
  const warned = new Set<string>()
  const warnOfWeakCas = async (pem: string) => {
    const { ROTATE_WEAK_CA, weakCas } = await import('../../pki/strength.ts')
    for (const { fingerprint, message } of weakCas(pem).filter((one) => !warned.has(one.fingerprint))) {
      warned.add(fingerprint)
      emit({ type: 'warning', text: `${message}; ${ROTATE_WEAK_CA}` })
    }
  }
  const endpoint = perPlace(async (node): Promise<MemberEndpoint> => {
    const own = place(node).plaintext ? undefined : credentials('operator')
    // An unreachable node is reported before a problem with the local CA.
    own?.catch(() => undefined)
    const socketPath = await tunnel(node)
    const tls = await own
    return { name: node.name, target: { socketPath }, identity: place(node).address, tls }
  })
  const opened = new Set<MemberClient>()
  const connect = async (where: Promise<MemberEndpoint>) => {
    // Loaded while the connections to the nodes are made.
    const [{ connectMember }, { namedByNodes }, found] = await Promise.all([
      import('../../etcd/client.ts'),
      import('../../etcd/member-names.ts'),
      where,
    ])
    const named: NameMembers = (members) => namedByNodes(cluster, members)
    const made = connectMember({ ...found, timeoutMs: ANSWER_MS, signal, named })
    opened.add(made)
    return made
  }
  const client = perPlace(async (node) => await connect(endpoint(node)))
  const outsider = once(async (key: string) => {
    const [name = '', url = '', through = ''] = key.split(' ')
    return await connect(outsiderEndpoint(name, new URL(url), through))
  })
  const outsiderEndpoint = async (name: string, url: URL, through: string): Promise<MemberEndpoint> => {
    const [first] = etcdNodes(cluster)
    const via = etcdNodes(cluster).find((node) => node.name === through) ?? first
    if (via === undefined) throw new TypeError('a cluster without etcd nodes')
    const identity = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const tls = url.protocol === 'https:' ? await credentials('operator') : undefined
    const there = { address: identity, port: Number(url.port) }
    return { name, target: { socketPath: await (await remote(via)).forward(there) }, identity, tls }
  }
  const refresh = async () => {
    for (const each of opened) each.close()
    opened.clear()
    for (const memory of [authority, credentials, endpoint, client, outsider]) memory.forget()
  }
  return {
    cluster,
    emit,
    signal,
    now,
    cacheDirectory,
    askPassphrase,
    tiers: options.tiers,
    fleet,
    steps: options.steps,
    hasOperated: existsSync(path.join(operatorDirectory(cluster), `${OPERATOR}.crt`)),
    remote,
    tunnel,
    authority: async () => await authority('authority'),
    kubernetesAuthorities: async () => await kubernetes('kubernetes'),
    bundle: async () =>
      (await authorityIsThere(cluster)) ? await (await authority('authority')).trust(signal) : undefined,
    endpoint,
    credentials: async () => await credentials('operator'),
    refresh,
    prepareOperator: async () => {
      const issued = await issueOperator(options, await authority('authority'))
      if (issued) await refresh()
    },
    members: async (nodes) => await Promise.all(nodes.map(client)),
    outsider: async (name, url, via) => await outsider(`${name} ${url} ${via?.name ?? ''}`),
    recorderClients: async () => {
      const { openRecorderClients } = await import('./recorder-clients.ts')
      return await openRecorderClients({ cluster, endpoint })
    },
    found: ({ name }, where) => void ports.set(name, where),
    pace: { last: undefined },
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) each.close()
      await fleet.close()
    },
  }
}

function asInFile({ etcd }: Cluster): LocalPort {
  // While clients are also served without TLS, that always works, even before there are certificates.
  const plaintext = etcd.localPlaintext || etcd.plaintextClients
  return { at: LOOPBACK, port: etcd.clientPort, plaintext, address: undefined }
}

/** Clients of all members' nodes. */
export async function allMembers(session: Session): Promise<readonly MemberClient[]> {
  return await session.members(etcdNodes(session.cluster))
}

/** Does the work once for each key, until `forget`; a failure is remembered as well. */
function once<K, V>(
  work: (key: K) => Promise<V>,
): ((key: K) => Promise<V>) & { readonly forget: () => void } {
  const done = new Map<K, Promise<V>>()
  const recall = async (key: K) => {
    const known = done.get(key)
    if (known !== undefined) return await known
    const promise = work(key)
    done.set(key, promise)
    return await promise
  }
  return Object.assign(recall, { forget: () => done.clear() })
}
