/** Checks which keys of the cluster file's `kubernetes.containerd` belong together. */
import { oneOf } from './check-release.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'

type Written = NonNullable<Partly<ClusterFile>['kubernetes']>['containerd']

const VERSIONS = ['version', 'runc', 'cni', 'crictl'] as const

export function checkContainerd(containerd: Written, report: Reporter): void {
  if (containerd === undefined) return
  const path = ['kubernetes', 'containerd']
  const { source } = containerd
  if (typeof source === 'object') {
    const place = [...path, 'source']
    oneOf(place, source, ['release', 'folder'], report)
    if (/^http:/i.test(source.release?.mirror ?? '')) {
      const message =
        'kubernetes.containerd.source.release.mirror: over http anyone on the network path can serve other programs together with their checksums, and they run as root on every node'
      report.warning([...place, 'release', 'mirror'], message, 'write https')
    }
    return
  }
  if (source === 'release') return
  // An invalid source is still not the distribution.
  if (source === undefined && Object.hasOwn(containerd, 'source')) return
  for (const key of VERSIONS) {
    if (containerd[key] === undefined) continue
    const message = `kubernetes.containerd.${key}: the packages of the distribution have their own version`
    report.error([...path, key], message, 'remove the key, or write source: release')
  }
}
