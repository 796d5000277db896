/**
 * The components that belong to each minor version of Kubernetes, and its requirements. Pure: facts from upstream's
 * sources.
 */
import semver from 'semver'
import { QuorateError } from '../errors.ts'

export interface KubernetesFacts {
  /** `1.37` */
  readonly minor: string
  /** `1.14.6`: the CoreDNS that kubeadm deploys. It refuses to upgrade from another one (CoreDNSMigration). */
  readonly coredns: string
  /** Tag of the image that holds a pod's namespaces: `3.10.2`. containerd must be configured with the same. */
  readonly pause: string
  /** `3.5.24`: an older external etcd fails kubeadm's preflight. */
  readonly leastEtcd: string
  /** `0.28.10`: the flannel that quorate deploys. */
  readonly flannel: string
  /** The oldest Go that compiles it: `1.26.0`. */
  readonly go: string
}

/** kubeadm's own values are in cmd/kubeadm/app/constants/constants.go, the others in build/dependencies.yaml. */
const COMMON = {
  leastEtcd: '3.5.24',
  flannel: '0.28.10',
} as const

const FACTS: Readonly<Record<string, Omit<KubernetesFacts, 'minor'>>> = {
  '1.34': { ...COMMON, coredns: '1.12.1', pause: '3.10.1', go: '1.24.0' },
  '1.35': { ...COMMON, coredns: '1.13.1', pause: '3.10.1', go: '1.25.0' },
  '1.36': { ...COMMON, coredns: '1.14.2', pause: '3.10.2', go: '1.26.0' },
  '1.37': { ...COMMON, coredns: '1.14.6', pause: '3.10.2', go: '1.26.0' },
}

/** The minor versions that quorate can deploy, oldest first. */
export const KUBERNETES_MINORS: readonly string[] = Object.keys(FACTS)

/**
 * @param version `1.37.2`
 * @throws QuorateError `cluster-file` for anything but an exact version of a minor in `KUBERNETES_MINORS`
 */
export function kubernetesFacts(version: string): KubernetesFacts {
  const parsed = semver.parse(version)
  if (parsed === null || parsed.version !== version || parsed.prerelease.length > 0) {
    throw new QuorateError('cluster-file', `'${version}' is not an exact Kubernetes version`, {
      id: 'not-an-exact-version',
      hint: "write all three numbers, quoted and without a 'v', for example '1.37.2'",
    })
  }
  const minor = `${parsed.major}.${parsed.minor}`
  const facts = FACTS[minor]
  if (facts !== undefined) return { minor, ...facts }
  throw new QuorateError('cluster-file', `Kubernetes ${version} is not a version that quorate can deploy`, {
    id: 'unsupported-version',
    hint: `choose one of ${KUBERNETES_MINORS[0]}.x to ${KUBERNETES_MINORS.at(-1)}.x`,
  })
}
