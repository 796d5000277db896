/** How this etcd is run, in an operator's terms. */
import path from 'node:path'
import { PATHS } from '../host/state.ts'
import type { Member } from './member.ts'

type Run = Pick<Member, 'process' | 'facts'>

/** `etcd.service`, `static pod`, `a container`, `etcd.service (Kubespray)`. */
export function describeShape(run: Run): string {
  const { unit, container } = run.process
  if (isStaticPod(run)) return 'static pod (kubelet)'
  if (container) return 'a container'
  if (unit === undefined) return 'no service'
  return `${unit.name}${isKubespray(run) ? ' (Kubespray)' : ''}`
}

/**
 * A manifest for etcd exists in the kubelet's directory, and the process was started with flags, as manifests do. Even
 * if another tool started it, the kubelet would start it again.
 */
export function isStaticPod({ process, facts }: Run): boolean {
  return facts.manifest !== undefined && process.environment['ETCD_NAME'] === undefined
}

/** Only Kubespray's environment file has this token, and its certificates this directory. */
function isKubespray({ process }: Run): boolean {
  const { ETCD_INITIAL_CLUSTER_TOKEN: token, ETCD_CERT_FILE: certificate = '' } = process.environment
  return token?.startsWith('k8s_etcd') === true || certificate.startsWith('/etc/ssl/etcd/ssl/')
}

/**
 * Completes 'it is run …' if `apply` must leave it to another tool; undefined: it is a service that quorate's own can
 * replace.
 */
export function runElsewhereBy(run: Run): string | undefined {
  const { unit, container } = run.process
  if (isStaticPod(run)) return `by the kubelet, from ${run.facts.manifest}`
  if (container) return 'in a container'
  if (unit === undefined) return 'by no systemd service'
  return unit.name === path.posix.basename(PATHS.unit) ? undefined : `by ${unit.name}, not by etcd.service`
}
