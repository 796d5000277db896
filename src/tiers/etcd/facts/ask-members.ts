/** Asks every member: from its own node, or, if that is unreachable, from another member's node. */
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import { clientUrl } from '../../../etcd/configuration.ts'
import type { FailureKind } from '../../../etcd/failure.ts'
import { type ServedCertificate, servedCertificate } from '../../../etcd/served-certificate.ts'
import { type MemberView, readClusterView } from '../../../etcd/view.ts'
import type { HostState } from '../../../host/state.ts'
import type { ExpiredCa } from '../../../pki/ca-renewal.ts'
import { expiredSigner } from './ca-validity.ts'
import { lookAtHost } from './observe.ts'
import { seek } from '../perform/seek.ts'
import type { Session } from '../session.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'

/** How long a TLS handshake may take, in ms. */
const HANDSHAKE_MS = 5_000

/** The error of a client that rejects the member's certificate. */
const CERTIFICATE_REFUSED: ReadonlySet<FailureKind> = new Set([
  'expired',
  'not-yet-valid',
  'unknown-authority',
  'wrong-identity',
  'bad-certificate',
])

export interface AskedMember {
  readonly node: Node
  readonly member: MemberView
  /** The certificate that it serves to clients; undefined: not seen. */
  readonly certificate: ServedCertificate | undefined
  /** Why its node is unreachable from the workstation; undefined: it is reachable. */
  readonly apart: QuorateError | undefined
  /** The other node that it was asked from. */
  readonly via: Node | undefined
  /** The node of a member that did not answer; undefined: it answered, or the node could not be observed. */
  readonly host: HostState | undefined
}

/**
 * In the order of the file. A member that does not answer, or can't be asked, is part of the answer and no error.
 *
 * @throws QuorateError `pki` where there is nothing to ask with; `cancelled`
 */
export async function askMembers(session: Session): Promise<readonly AskedMember[]> {
  const expired = await caExpired(session)
  if (expired !== undefined) return await lookOnly(session, expired)
  const asked = await Promise.all(etcdNodes(session.cluster).map(async (node) => await ask(session, node)))
  const reached = asked.filter(({ apart }) => apart === undefined)
  const serving = reached.filter(({ member }) => member.reachable && member.read.answered)
  const ways = [...new Set([...serving, ...reached])].map(({ node }) => node)
  return await Promise.all(
    asked.map(async (one) =>
      one.apart === undefined ? one : await askAround(session, ways, one, one.apart),
    ),
  )
}

async function caExpired(session: Session): Promise<ExpiredCa | undefined> {
  const { cluster, now } = session
  // Then members are asked without TLS.
  if (cluster.etcd.localPlaintext || cluster.etcd.plaintextClients) return undefined
  try {
    return expiredSigner(cluster, await session.bundle(), now())
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    // Other faults of the CA are reported where the CA is used.
    return undefined
  }
}

/** With an expired CA no member can be asked, but the nodes can be observed. */
async function lookOnly(session: Session, { message, hint, code }: ExpiredCa): Promise<AskedMember[]> {
  return await Promise.all(
    etcdNodes(session.cluster).map(async (node) => {
      const reason = { kind: 'expired', message, hint } as const
      const member = { reachable: false, name: node.name, reason, unasked: code } as const
      const host = await machineOf(session, node)
      return { node, member, certificate: undefined, apart: undefined, via: undefined, host }
    }),
  )
}

/** Silent means no answer to any node: a single node may be cut off from it, or compromised. */
async function askAround(
  session: Session,
  [first, ...others]: readonly Node[],
  one: AskedMember,
  apart: QuorateError,
): Promise<AskedMember> {
  if (first === undefined) return one
  const heard = await askFrom(session, first, one, apart)
  if (isWell(heard.member)) return heard
  const further = await Promise.all(others.map(async (via) => await askFrom(session, via, one, apart)))
  const all = [heard, ...further]
  return (
    all.find(({ member }) => isWell(member)) ??
    all.find(({ member }) => member.reachable) ??
    all.find(({ via }) => via !== undefined) ??
    one
  )
}

/** A learner answers no linearizable read. */
function isWell(member: MemberView): boolean {
  return member.reachable && (member.read.answered || member.learner)
}

async function ask(session: Session, node: Node): Promise<AskedMember> {
  try {
    const first = await askThere(session, node)
    const again = await isElsewhere(session, node, first.member)
    const asked = again ? await askThere(session, node) : first
    return isWell(asked.member) ? asked : { ...asked, host: await machineOf(session, node) }
  } catch (error) {
    const apart = ofOneMachine(error)
    const reason = { kind: 'unreachable', message: apart.message, hint: apart.hint } as const
    const member = { reachable: false, name: node.name, reason, unasked: apart.code } as const
    return { node, member, certificate: undefined, apart, via: undefined, host: undefined }
  }
}

/** Whether it is worth asking again. Without root rights nothing more can be learned. */
async function isElsewhere(session: Session, node: Node, member: MemberView): Promise<boolean> {
  try {
    return await seek(session, node, member)
  } catch (error) {
    ofOneMachine(error)
    return false
  }
}

/** The state of a member that doesn't answer; undefined: reading it needs rights that quorate doesn't have. */
async function machineOf(session: Session, node: Node): Promise<HostState | undefined> {
  try {
    return await lookAtHost(session, node)
  } catch (error) {
    ofOneMachine(error)
    return undefined
  }
}

async function askThere(session: Session, node: Node): Promise<AskedMember> {
  const [[client], endpoint] = await Promise.all([session.members([node]), session.endpoint(node)])
  if (client === undefined) throw new TypeError('no client')
  const member = await view(session, client)
  // An untrusted certificate is read by itself: its dates and names may be the reason.
  const refused = !member.reachable && CERTIFICATE_REFUSED.has(member.reason.kind)
  const certificate =
    client.certificate?.() ?? (refused ? await servedCertificate(endpoint, HANDSHAKE_MS) : undefined)
  return { node, member, certificate, apart: undefined, via: undefined, host: undefined }
}

/** etcd itself proves its identity, so that another route to it is as good. */
async function askFrom(
  session: Session,
  via: Node,
  asked: AskedMember,
  apart: QuorateError,
): Promise<AskedMember> {
  const { node } = asked
  try {
    const client = await session.outsider(node.name, clientUrl(session.cluster, node), via)
    const member = await view(session, client)
    if (member.reachable) return { ...asked, member, certificate: client.certificate?.(), via }
    const message = `${member.reason.message}, asked from ${via.name}; from this workstation: ${apart.message}`
    const reason = { ...member.reason, message, hint: apart.hint }
    return { ...asked, member: { ...member, reason }, via }
  } catch (error) {
    ofOneMachine(error)
    return asked
  }
}

async function view(session: Session, client: MemberClient): Promise<MemberView> {
  const [member] = (await readClusterView([client], session.signal)).members
  if (member === undefined) throw new TypeError('no view')
  return member
}

/** Without credentials no member can be asked: that isn't the problem of one node. */
function ofOneMachine(error: unknown): QuorateError {
  if (error instanceof QuorateError && error.code !== 'pki' && error.code !== 'cancelled') return error
  throw error
}
