/** Kubernetes' own CAs, its service-account key and its encryption key: their location, and operations with them. */
import type { AskPassphrase, Authority, IssuedCertificate, IssueRequest } from '../pki/authority.ts'
import type { Cluster } from '../spec/cluster.ts'
import type { Fleet } from '../ssh/fleet.ts'
import { type Leaf, type LeafAuthority } from './certificates.ts'
import { lifetime } from './faults.ts'
import type { SecretId } from './secret-files.ts'

/** What this module needs of a session. */
export interface AuthoritiesSession {
  readonly cluster: Cluster
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly askPassphrase: AskPassphrase
  readonly fleet: Pick<Fleet, 'get'>
  /** etcd's. */
  readonly authority: () => Promise<Authority>
  /**
   * Opened once per session, so that a passphrase is asked for once. For a session without it, they are opened by this
   * module.
   */
  readonly kubernetesAuthorities?: (() => Promise<KubernetesAuthorities>) | undefined
  /** log2 of scrypt's cost for new encrypted keys; age's default (18) unless set. */
  readonly scryptWorkFactor?: number | undefined
}

/** The CAs that clients must trust, PEM: the signing CA first. */
export type Bundles = Readonly<Record<LeafAuthority, string>>

export interface KubernetesAuthorities {
  /** undefined: Kubernetes' CAs don't exist yet. Creates none. */
  bundles(): Promise<Bundles | undefined>
  /** Creates all of Kubernetes' own CAs and keys unless they exist: all or none. */
  make(): Promise<void>
  /**
   * Signs all requests, grouped by CA, and returns the certificates in the order of the requests.
   * @throws QuorateError `pki`
   */
  issueMany(requests: readonly LeafRequest[]): Promise<readonly IssuedCertificate[]>
  /** A secret for control-plane nodes. Asks for the passphrase if there is one. @throws QuorateError `pki` */
  secret(id: SecretId): Promise<string>
  /**
   * Checksums of the secrets as a node reports them (`SecretState`); undefined: they don't exist yet. Never prompts.
   */
  sums(): Promise<Readonly<Record<SecretId, string>> | undefined>
  readonly kubernetes: Authority
}

export interface LeafRequest {
  readonly authority: LeafAuthority
  readonly request: IssueRequest
}

/** The location of Kubernetes' CAs and keys: this workstation, or the node of etcd's CA. */
export interface KubernetesHome {
  readonly kubernetes: Authority
  readonly frontProxy: Authority
  isMade(): Promise<boolean>
  make(): Promise<void>
  /** By name, PEM or text. */
  read(secret: 'ca-key' | 'service-account-key' | 'encryption'): Promise<string>
  /** What is known without a passphrase. */
  known(): Promise<{ readonly serviceAccountPublicKey: string; readonly encryptionSum: string }>
}

export async function openKubernetesAuthorities(session: AuthoritiesSession): Promise<KubernetesAuthorities> {
  return (await session.kubernetesAuthorities?.()) ?? (await openAuthorities(session))
}

/** Reads, creates and asks nothing before they are used. If they are on a node, connects to it. */
export async function openAuthorities(session: AuthoritiesSession): Promise<KubernetesAuthorities> {
  const home = await openHome(session)
  const { signal } = session
  const of = async (authority: LeafAuthority): Promise<Authority> => {
    if (authority === 'etcd') return await session.authority()
    return authority === 'kubernetes' ? home.kubernetes : home.frontProxy
  }
  const bundles = async (): Promise<Bundles | undefined> => {
    if (!(await home.isMade())) return undefined
    const names = ['kubernetes', 'front-proxy', 'etcd'] as const
    const [kubernetes = '', frontProxy = '', etcd = ''] = await Promise.all(
      names.map(async (name) => await (await of(name)).trust(signal)),
    )
    return { kubernetes, 'front-proxy': frontProxy, etcd }
  }
  const trusted = async () => {
    const made = await bundles()
    if (made === undefined) throw new TypeError("Kubernetes' CAs are not made yet")
    return made
  }
  return {
    bundles,
    make: async () => await home.make(),
    kubernetes: home.kubernetes,
    issueMany: async (requests) => {
      const issued = new Map<LeafRequest, IssuedCertificate>()
      for (const [name, own = []] of Object.entries(Object.groupBy(requests, ({ authority }) => authority))) {
        const authority = await of(name as LeafAuthority)
        const all = await authority.issueMany(
          own.map(({ request }) => request),
          signal,
        )
        for (const [index, one] of all.entries()) issued.set(own[index] as LeafRequest, one)
      }
      return requests.map((request) => issued.get(request) as IssuedCertificate)
    },
    secret: async (id) => {
      switch (id) {
        case 'ca':
          return (await trusted()).kubernetes
        case 'front-proxy-ca':
          return (await trusted())['front-proxy']
        case 'etcd-ca':
          return (await trusted()).etcd
        case 'service-account-public-key':
          return (await home.known()).serviceAccountPublicKey
        default:
          return await home.read(id)
      }
    },
    sums: async () => {
      const made = await bundles()
      if (made === undefined) return undefined
      const { sumsOf } = await import('./sums.ts')
      return sumsOf(made, await home.known())
    },
  }
}

/** The request to sign for a node's leaf certificate. @param csrPem as the node has it */
export function leafRequest(cluster: Cluster, leaf: Leaf, csrPem: string): LeafRequest {
  const { authority, names, profile, commonName, organizations } = leaf
  const days = lifetime(cluster, leaf)
  const request = { csrPem, profile, allowed: names, days, subjectCommonName: commonName, organizations }
  return { authority, request }
}

async function openHome(session: AuthoritiesSession): Promise<KubernetesHome> {
  if (session.cluster.pki.authority.home === 'host') {
    const { openHostHome } = await import('./host-home.ts')
    return await openHostHome(session)
  }
  const { openLocalHome } = await import('./local-home.ts')
  return openLocalHome(session)
}
