/** Objects of the Kubernetes API as plain data, and their paths: only the kinds that quorate uses. */
import { createHash } from 'node:crypto'

/** An object that quorate writes. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: Kind
  readonly metadata: ObjectMetadata
  readonly [field: string]: unknown
}

export interface ObjectMetadata {
  readonly name: string
  /** Only for kinds with a namespace. */
  readonly namespace?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** Identifies one object. */
export interface Reference {
  readonly kind: Kind
  readonly name: string
  readonly namespace?: string | undefined
}

/** The API's name for each kind in URLs, and its group and version. */
const KINDS = {
  Namespace: { version: 'v1', plural: 'namespaces' },
  Node: { version: 'v1', plural: 'nodes' },
  Pod: { version: 'v1', plural: 'pods' },
  Event: { version: 'v1', plural: 'events' },
  Service: { version: 'v1', plural: 'services' },
  ServiceAccount: { version: 'v1', plural: 'serviceaccounts' },
  ConfigMap: { version: 'v1', plural: 'configmaps' },
  DaemonSet: { version: 'apps/v1', plural: 'daemonsets' },
  Deployment: { version: 'apps/v1', plural: 'deployments' },
  ClusterRole: { version: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' },
  ClusterRoleBinding: { version: 'rbac.authorization.k8s.io/v1', plural: 'clusterrolebindings' },
  Role: { version: 'rbac.authorization.k8s.io/v1', plural: 'roles' },
  RoleBinding: { version: 'rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
  Lease: { version: 'coordination.k8s.io/v1', plural: 'leases' },
  EndpointSlice: { version: 'discovery.k8s.io/v1', plural: 'endpointslices' },
  CertificateSigningRequest: { version: 'certificates.k8s.io/v1', plural: 'certificatesigningrequests' },
} as const

export type Kind = keyof typeof KINDS

/** `apps/v1` for a DaemonSet. */
export function apiVersionOf(kind: Kind): string {
  return KINDS[kind].version
}

/** The path of all objects of a kind: in the whole cluster, or in a namespace. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const { version, plural } = KINDS[kind]
  const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${group}${within}/${plural}`
}

export function objectPath({ kind, namespace, name }: Reference): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`
}

export function referenceTo({ kind, metadata: { name, namespace } }: ApiObject): Reference {
  return { kind, name, namespace }
}

/** For messages, and as a key: `ConfigMap kube-system/coredns`. */
export function describeReference({ kind, namespace, name }: Reference): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** SHA-256 (hexadecimal) of a value with its keys sorted, so that equal values have equal digests. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(ordered(value)).digest('hex')
}

function ordered(value: unknown): string {
  return (
    JSON.stringify(value, (_key, one: unknown) =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    ) ?? ''
  )
}
