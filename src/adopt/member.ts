/** One member of a cluster that is to be adopted: what its node shows, and what the cluster reports about it. */
import type { PassedOver } from '../etcd/reading.ts'
import type { ListedMember } from '../etcd/listed-member.ts'
import { X509Certificate } from 'node:crypto'
import { parseCertificates } from '../pki/chain.ts'
import { isIP } from 'node:net'
import type { MemberFiles, SeenCertificate } from './files.ts'
import { type Settings, hostOf, urlsOf } from './settings.ts'
import type { EtcdProcess, MachineFacts } from './machine-facts.ts'

/** How the node was reached, if not only by its address. */
export interface Destination {
  /** The argument for ssh: an address, a name or an alias. */
  readonly host: string
  readonly user: string | undefined
}

export interface Member {
  /** Its name in the cluster file, derived from the one in etcd (`listed`). */
  readonly name: string
  /** Why its name in etcd can't be kept; undefined: it can. */
  readonly nameLost?: string | undefined
  readonly destination: Destination
  readonly facts: MachineFacts
  readonly process: EtcdProcess
  readonly settings: Settings
  /** What looks like a setting on its node but has no effect; undefined: nothing. */
  readonly passedOver?: readonly PassedOver[]
  readonly files: MemberFiles
  readonly listed: ListedMember
  /** The running version, as the process reports it; undefined: it doesn't answer. */
  readonly version: string | undefined
}

/** At least one: nothing can be judged about a cluster without members. */
export type Members = readonly [Member, ...Member[]]

export function areMembers(members: readonly Member[]): members is Members {
  return members.length > 0
}

/** Which remark it is. An interface of `adopt --json`: it stays when the message is reworded. */
export type RemarkId =
  | 'another-etcd-on-the-node'
  | 'ca-key-is-nowhere'
  | 'ca-key-on-a-member'
  | 'ca-stays'
  | 'changes-a-directory'
  | 'clients-need-a-certificate'
  | 'clients-without-tls'
  | 'configuration-file-is-not-read'
  | 'drop-ins-stay'
  | 'environment-is-not-carried-over'
  | 'etcd-is-run-by-something-else'
  | 'etcd-name-is-kept'
  | 'etcd-name-is-lost'
  | 'listener-goes-away'
  | 'logs-move-to-the-journal'
  | 'network-is-not-written'
  | 'new-ca'
  | 'new-certificates-differ'
  | 'not-a-setting'
  | 'package-owns-the-unit'
  | 'peers-need-a-certificate'
  | 'peers-without-tls'
  | 'safeguard-stays-on'
  | 'setting-differs'
  | 'setting-is-not-carried-over'
  | 'setting-without-effect'
  | 'shared-certificate-names'
  | 'shared-program'
  | 'unit-is-overruled'
  | 'user-changes'

/** Something that the operator should know before confirming. */
export interface Remark {
  readonly id: RemarkId
  readonly host: string | undefined
  readonly message: string
  /** `warning`: it may do harm, or `apply` may fail. `note`: it will change, or is only worth knowing. */
  readonly severity: 'note' | 'warning'
}

/** Where its peers connect to it; undefined: at several places, or not by an address. */
export function peerPlace(member: Member): { readonly address: string; readonly port: number } | undefined {
  const [text, ...more] = member.listed.peerUrls
  if (text === undefined || more.length > 0 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const address = hostOf(url)
  return isIP(address) === 0 ? undefined : { address, port: portOf(url) }
}

export interface Listener {
  readonly tls: boolean
  readonly address: string
  readonly port: number
}

/** Where it listens for clients. */
export function clientListeners(settings: Settings): readonly Listener[] {
  return urlsOf(settings, 'listen-client-urls')
    .concat(settings['listen-client-urls'] === undefined ? [new URL('http://localhost:2379')] : [])
    .map((url) => ({ tls: url.protocol === 'https:', address: hostOf(url), port: portOf(url) }))
}

/** On every address, or on the loopback address. */
export function servesLoopback({ address }: Listener): boolean {
  return ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(address)
}

/** It accepts other nodes on this listener, not only its own. */
export function servesOthers({ address }: Listener): boolean {
  return !['127.0.0.1', 'localhost', '::1'].includes(address)
}

/** The port that clients use, with TLS if it serves any with TLS; undefined: it names none. */
export function clientPort(settings: Settings): number | undefined {
  const all = clientListeners(settings)
  const secured = all.filter(({ tls }) => tls)
  const listeners = secured.length > 0 ? secured : all
  return (listeners.find((one) => !servesLoopback(one)) ?? listeners[0])?.port
}

/** Clients on other nodes can use it without TLS. */
export function servesPlaintext(settings: Settings): boolean {
  const port = clientPort(settings)
  return clientListeners(settings).some((one) => !one.tls && one.port === port && servesOthers(one))
}

/** Its peers use http. */
export function hasPlainPeers({ listed }: Pick<Member, 'listed'>): boolean {
  return listed.peerUrls.some((url) => url.startsWith('http:'))
}

/** The CA that it trusts; undefined: it uses no certificates, or doesn't name a CA. */
export function trustedCa({ files }: Pick<Member, 'files'>): SeenCertificate | undefined {
  return files.clientCa ?? files.peerCa
}

/** A URL omits the default port of its scheme. */
function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80))
}

/** The certificate itself, without its chain; undefined: missing, or unreadable. */
export function leafOf(file: SeenCertificate | undefined): X509Certificate | undefined {
  return certificatesOf(file)[0]
}

export function certificatesOf(file: SeenCertificate | undefined): readonly X509Certificate[] {
  if (file === undefined) return []
  try {
    return parseCertificates(file.pem, file.path)
  } catch {
    // Unreadable certificates are reported separately, with the other obstacles.
    return []
  }
}

/** The value that all have, or the most common one, with a list of who has which if they differ. */
export function common<T extends string | number | boolean | undefined>(
  members: Members,
  read: (member: Member) => T,
): { readonly value: T; readonly differing: string | undefined } {
  const by = Map.groupBy(members, read)
  const size = (value: T) => by.get(value)?.length ?? 0
  const value = [...by.keys()].reduce((a, b) => (size(b) > size(a) ? b : a), read(members[0]))
  const list = [...by].map(([one, who]) => `${who.map(({ name }) => name).join(', ')}: ${String(one)}`)
  return { value, differing: by.size === 1 ? undefined : list.join('; ') }
}
