/** One member of a cluster that is to be adopted: what its node showed, and what the cluster says of it. */
import type { PassedOver } from '../etcd/reading.ts'
import type { ListedMember } from '../etcd/listed-member.ts'
import { X509Certificate } from 'node:crypto'
import { parseCertificates } from '../pki/chain.ts'
import { isIP } from 'node:net'
import type { MemberFiles, SeenCertificate } from './files.ts'
import { type Settings, hostOf, urlsOf } from './settings.ts'
import type { EtcdProcess, MachineFacts } from './machine-facts.ts'

/** How the node was reached, where that is not its address alone. */
export interface Destination {
  /** What ssh is given: an address, a name or an alias. */
  readonly host: string
  readonly user: string | undefined
}

export interface Member {
  /** Its name in the cluster file, made from the one in etcd (`listed`). */
  readonly name: string
  /** Why its name in etcd can't be kept; undefined: it can. */
  readonly nameLost?: string | undefined
  readonly destination: Destination
  readonly facts: MachineFacts
  readonly process: EtcdProcess
  readonly settings: Settings
  /** What looks like a setting on its node and has no effect; undefined: nothing. */
  readonly passedOver?: readonly PassedOver[]
  readonly files: MemberFiles
  readonly listed: ListedMember
  /** What runs, as it says itself; undefined: it does not answer. */
  readonly version: string | undefined
}

/** What is judged of a cluster as a whole has members to be judged by. */
export type Members = readonly [Member, ...Member[]]

export function areMembers(members: readonly Member[]): members is Members {
  return members.length > 0
}

/** Something that an operator should know before he says yes. */
export interface Remark {
  readonly host: string | undefined
  readonly message: string
  /** `warning`: it may do harm, or stands in apply's way. `note`: it will be different, or is merely worth knowing. */
  readonly severity: 'note' | 'warning'
}

/** Where its peers find it; undefined: not in one place, or not by an address. */
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

/** On every address, or on loopback's. */
export function servesLoopback({ address }: Listener): boolean {
  return ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(address)
}

/** It listens there for others, not for its own node alone. */
export function servesOthers({ address }: Listener): boolean {
  return !['127.0.0.1', 'localhost', '::1'].includes(address)
}

/** The port that clients use, those with TLS where it serves any; undefined: it names none. */
export function clientPort(settings: Settings): number | undefined {
  const all = clientListeners(settings)
  const secured = all.filter(({ tls }) => tls)
  const listeners = secured.length > 0 ? secured : all
  return (listeners.find((one) => !servesLoopback(one)) ?? listeners[0])?.port
}

/** Others than its own node can be its clients without TLS. */
export function servesPlaintext(settings: Settings): boolean {
  const port = clientPort(settings)
  return clientListeners(settings).some((one) => !one.tls && one.port === port && servesOthers(one))
}

/** Its peers find it at http. */
export function hasPlainPeers({ listed }: Pick<Member, 'listed'>): boolean {
  return listed.peerUrls.some((url) => url.startsWith('http:'))
}

/** What it trusts; undefined: it has no use for certificates, or says nothing of whose. */
export function trustedCa({ files }: Pick<Member, 'files'>): SeenCertificate | undefined {
  return files.clientCa ?? files.peerCa
}

/** A URL leaves out the port that its scheme has anyway. */
function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80))
}

/** The certificate itself, without its chain; undefined: there is none, or it can't be read. */
export function leafOf(file: SeenCertificate | undefined): X509Certificate | undefined {
  return certificatesOf(file)[0]
}

export function certificatesOf(file: SeenCertificate | undefined): readonly X509Certificate[] {
  if (file === undefined) return []
  try {
    return parseCertificates(file.pem, file.path)
  } catch {
    // What can't be read is told as such, with what else stands in the way.
    return []
  }
}

/** The value that all have, or the most common one, with who has which where they differ. */
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
