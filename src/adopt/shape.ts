/** Who runs this etcd, in words that an operator knows it by. */
import { PATHS } from '../host/state.ts'
import type { Member } from './member.ts'

type Run = Pick<Member, 'process' | 'sighting'>

/** `etcd.service`, `static pod`, `a container`, `etcd.service (Kubespray)`. */
export function describeShape(run: Run): string {
  const { unit, container } = run.process
  if (isStaticPod(run)) return 'static pod (kubelet)'
  if (container) return 'a container'
  if (unit === undefined) return 'no service'
  return `${unit.name}${isKubespray(run) ? ' (Kubespray)' : ''}`
}

/**
 * The kubelet's manifest for etcd is there, and the process was started with flags, as a manifest writes them: whoever
 * starts it, the kubelet would start it again.
 */
export function isStaticPod({ process, sighting }: Run): boolean {
  return sighting.manifest !== undefined && process.environment['ETCD_NAME'] === undefined
}

/** Kubespray's environment file has this token, and its certificates this folder. */
function isKubespray({ process }: Run): boolean {
  const { ETCD_INITIAL_CLUSTER_TOKEN: token, ETCD_CERT_FILE: certificate = '' } = process.environment
  return token?.startsWith('k8s_etcd') === true || certificate.startsWith('/etc/ssl/etcd/ssl/')
}

/** Why `apply` leaves it as it is; undefined: it is a service that quorate's own can take the place of. */
export function whyNotConverted(run: Run): string | undefined {
  const { unit, container } = run.process
  if (isStaticPod(run)) return `etcd is run by the kubelet, from ${run.sighting.manifest}`
  if (container) return 'etcd is run in a container'
  if (unit === undefined) return 'etcd is run by no systemd service'
  if (unit.name !== PATHS.unit.slice(PATHS.unit.lastIndexOf('/') + 1))
    return `etcd is run by ${unit.name}, and quorate's unit is etcd.service`
  return undefined
}
