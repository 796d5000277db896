/** Previews an adoption without changing anything: the cluster file, the differences, and the obstacles. */
import path from 'node:path'
import { type Draft, draftClusterFile } from '../../adopt/cluster-file.ts'
import { differencesOf } from '../../adopt/differences.ts'
import type { Discovery } from '../../adopt/discover.ts'
import type { SeenKey } from '../../adopt/files.ts'
import { type Member, type Members, type Remark, areMembers, leafOf, trustedCa } from '../../adopt/member.ts'
import { obstaclesOf } from '../../adopt/obstacles.ts'
import { judgeView } from '../../etcd/health.ts'
import { formatId } from '../../etcd/view.ts'
import { spkiSha256 } from '../../pki/certificate.ts'
import { chainPem, parseChain } from '../../pki/chain.ts'
import { type Pin, parsePin } from '../../tiers/etcd/facts/pin.ts'
import type { BlockReason } from '../../engine/step.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { renderClusterFile } from '../../spec/init.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { checkName } from '../../spec/values.ts'
import type { ClusterFile } from '../../spec/schema.ts'
import { EXTRA_CHECKS } from '../../cluster-file/load.ts'

export type AuthorityWish = NonNullable<NonNullable<ClusterFile['pki']>['authority']>

export interface DraftOptions {
  readonly file: string
  readonly name: string
  readonly ssh: NonNullable<ClusterFile['ssh']>
  /** undefined: where its key was found; if nowhere, an offline CA. */
  readonly authority: AuthorityWish | undefined
  readonly source: ClusterFile['etcd']['source']
}

/** A cluster that can be adopted, and its cluster file. */
export interface Adoptable {
  readonly cluster: Cluster
  /** Hexadecimal, as etcdctl prints it. */
  readonly clusterId: string
  /** The cluster file's text. */
  readonly text: string
  /** PEM of the CA that the members trust, including its issuers; undefined: no member uses TLS. */
  readonly bundle: string | undefined
  /** What apply's plan doesn't show by itself. */
  readonly remarks: readonly Remark[]
  readonly members: Members
}

/** @throws QuorateError `blocked` with every obstacle */
export function judgeDiscovery(discovery: Discovery, options: DraftOptions): Adoptable {
  const { members, view, listed, troubles } = discovery
  const judgement = judgeView(view, { members: listed.map(({ name, peerUrls }) => ({ name, peerUrls })) })
  const clusterId = judgement.clusterId === undefined ? '' : formatId(judgement.clusterId)
  const reasons = [
    ...troubles,
    // If the nodes belong to several clusters, the report already says so for each node.
    ...obstaclesOf(
      members,
      judgement.problems.filter(({ kind }) => troubles.length === 0 || kind !== 'cluster-id'),
      discovery.contents?.authentication,
    ),
    ...pinned(members, { cluster: options.name, clusterId }),
  ]
  if (reasons.length > 0) throw blockedError(unique(reasons))
  if (!areMembers(members)) throw blockedError([NO_MEMBER])
  const { authority = authorityOf(members, options.name), source } = options
  const draft = draftClusterFile(members, {
    name: options.name,
    ssh: options.ssh,
    authority,
    source,
    network: discovery.contents?.network,
  })
  const { text, cluster, remarks } = written(draft, options.file)
  return {
    cluster,
    clusterId,
    text,
    bundle: bundleOf(members),
    remarks: [
      ...differencesOf(cluster, members),
      ...remarks,
      ...outOfReach(cluster, options),
      ...newAuthority(cluster, options),
    ],
    members,
  }
}

const NO_MEMBER: BlockReason = {
  message: 'etcd on these machines is not a member of the cluster that it reports',
  hint: 'check the members: etcdctl member list',
}

/**
 * Parsing the draft finds what a cluster file can't express. A network that it can't express stays as it is in the
 * keyspace.
 */
function written({ content, remarks }: Draft, file: string): Pick<Adoptable, 'text' | 'cluster' | 'remarks'> {
  const text = renderClusterFile(content)
  const { cluster, problems } = parseClusterFile(text, file, { extraChecks: EXTRA_CHECKS })
  if (cluster !== undefined) return { text, cluster, remarks }
  const errors = problems.filter(({ severity }) => severity === 'error')
  const { network, ...rest } = content
  if (network !== undefined) {
    const why = errors.map(({ message }) => message).join('; ')
    const message = `flannel's network in etcd is kept, but not written to the cluster file: ${why}`
    const remark: Remark = { id: 'network-is-not-written', host: undefined, severity: 'warning', message }
    return written({ content: rest, remarks: [...remarks, remark] }, file)
  }
  throw blockedError(
    errors.map(({ message, hint }) => ({ message: `the cluster file can't express it: ${message}`, hint })),
  )
}

/** Obstacles: the cluster ID file of another cluster, or of this one under another name. */
function pinned(members: readonly Member[], wanted: Pin): BlockReason[] {
  return members.flatMap(({ name: host, facts }): BlockReason[] => {
    const pin = facts.pin === undefined ? undefined : parsePin(facts.pin)
    if (pin === undefined || (pin.cluster === wanted.cluster && pin.clusterId === wanted.clusterId)) return []
    const message = `quorate already manages it, as a member of '${pin.cluster}' (ID ${pin.clusterId})`
    // A node can have any text in that file, and the operator types this command.
    const hint =
      checkName(pin.cluster) === undefined
        ? `if its cluster file is lost, adopt it under that name: --name ${pin.cluster}`
        : undefined
    return [{ id: 'already-managed', host, message, hint }]
  })
}

function outOfReach({ pki }: Cluster, { authority }: DraftOptions): Remark[] {
  if (authority !== undefined || pki.authority.home !== 'offline') return []
  const message =
    "no member has the CA key: certificates, first quorate's own, must be signed by hand (quorate certs csr). To let quorate sign, give its location: --ca-host, --ca-certificate, --ca-key"
  return [{ id: 'ca-key-is-nowhere', host: undefined, message, severity: 'warning' }]
}

/** @throws QuorateError `pki` if members have certificates, but don't say which CA they trust */
function bundleOf(members: readonly Member[]): string | undefined {
  const [pem] = members.flatMap((member) => trustedCa(member)?.pem ?? [])
  const none = members.every((one) => one.files.server === undefined && one.files.peer === undefined)
  if (pem === undefined && none) return undefined
  return chainPem(parseChain(pem ?? '', 'the CA certificate'))
}

function newAuthority({ pki, stateDirectory }: Cluster, { authority }: DraftOptions): Remark[] {
  if (authority !== undefined || pki.authority.home !== 'local') return []
  const message = `the members trust no CA: quorate creates one in ${path.join(stateDirectory, 'ca')} (to use another: --ca-certificate, --ca-key)`
  return [{ id: 'new-ca', host: undefined, message, severity: 'note' }]
}

/**
 * The path of the CA's key if a member has it. Otherwise only the CA's certificate is known, and an offline CA signs
 * requests.
 */
function authorityOf(members: readonly Member[], name: string): AuthorityWish {
  for (const { name: host, files } of members) {
    const trusted = trustedCa({ files })
    const ca = leafOf(trusted)
    const publicSha256 = ca && spkiSha256(ca.publicKey)
    const key = files.caKeys.find((one: SeenKey) => one.publicSha256 === publicSha256)
    if (key !== undefined && trusted !== undefined)
      return { host: { name: host, certificate: trusted.path, key: key.path } }
  }
  if (bundleOf(members) === undefined) return 'local'
  return { offline: { certificate: offlineCertificate(name) } }
}

/** In the state directory, next to the cluster file. */
export function offlineCertificate(name: string): string {
  return path.join('.quorate', name, 'adopted-ca.crt')
}

function unique(reasons: readonly BlockReason[]): readonly BlockReason[] {
  const texts = new Map(reasons.map((reason) => [`${reason.host} ${reason.message}`, reason]))
  return [...texts.values()]
}
