/** A node's files with Kubernetes' CAs and secrets, other than its own certificates. Pure. */
import type { SecretState } from '../host/leaves.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { PLACES } from './places.ts'

export type SecretId =
  | 'ca'
  | 'ca-key'
  | 'front-proxy-ca'
  | 'service-account-key'
  | 'service-account-public-key'
  | 'encryption'
  | 'etcd-ca'

export interface SecretFile {
  readonly secret: SecretId
  readonly path: string
  /** As `stat` prints it. Owner and group are root. */
  readonly mode: string
}

/** The files of one node; none if it has no part in Kubernetes. */
export function secretFilesOf({ kubernetes }: Cluster, { roles }: Node): readonly SecretFile[] {
  const everywhere: readonly SecretFile[] = [
    { secret: 'ca', path: PLACES.ca, mode: '644' },
    ...(kubernetes?.flannel === 'service'
      ? [{ secret: 'etcd-ca', path: PLACES.flannel.ca, mode: '644' } as const]
      : []),
  ]
  if (!roles.includes('master')) return roles.includes('worker') ? everywhere : []
  const onMasters = kubernetes?.pki.caKey === 'masters'
  return [
    ...everywhere,
    ...(onMasters ? [{ secret: 'ca-key', path: PLACES.caKey, mode: '600' } as const] : []),
    { secret: 'front-proxy-ca', path: PLACES.frontProxyCa, mode: '644' },
    { secret: 'service-account-key', path: PLACES.serviceAccount.key, mode: '600' },
    { secret: 'service-account-public-key', path: PLACES.serviceAccount.publicKey, mode: '644' },
    { secret: 'encryption', path: PLACES.encryption, mode: '600' },
    { secret: 'etcd-ca', path: PLACES.etcd.ca, mode: '644' },
  ]
}

/** Faults that name nothing. */
export const FAULT = {
  missing: 'is missing',
  kind: 'is not a regular file',
  content: 'has another content',
} as const

/**
 * The fault of a file on a node; undefined: none. Completes 'because it …'.
 * @param sum the expected checksum of its content (`KubernetesAuthorities.sums`)
 */
export function secretFault(
  { mode }: SecretFile,
  present: SecretState | undefined,
  sum: string | undefined,
): string | undefined {
  if (present === undefined) return FAULT.missing
  if (!present.plain) return FAULT.kind
  if (sum !== undefined && present.sha256 !== sum) return FAULT.content
  const { owner, group } = present
  if (owner === 'root' && group === 'root' && present.mode === mode) return undefined
  return `is ${owner}:${group}'s with mode ${present.mode}`
}
