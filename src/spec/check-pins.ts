/** Checks the source of etcd's binaries, and how far it can be trusted: pinned checksums, and mirrors without TLS. */
import { DEFAULTS } from './defaults.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { checkVersion, minorNumber } from './values.ts'

/** The oldest minor whose server, etcdctl and etcdutl are separate Go modules: 3.5. */
const FIRST_MINOR = 5

const PROGRAMS = ['etcd', 'etcdctl'] as const

/** A pin that is never compared with anything would only look like protection. */
export function checkPins(file: Partly<ClusterFile>, report: Reporter): void {
  const { sha256, source } = file.etcd ?? {}
  if (sha256 === undefined) return
  const path = ['etcd', 'sha256']
  const pinned = Object.entries(sha256)
  if (pinned.length === 0)
    report.error(
      path,
      'etcd.sha256 pins nothing, and what is not pinned is refused',
      'write amd64 or arm64, or remove it',
    )
  for (const [arch, sums] of pinned) {
    const place = [...path, arch]
    const key = place.join('.')
    if (sums === undefined) continue
    // An invalid checksum still has its key: that it is invalid is already reported.
    const missing = PROGRAMS.filter((name) => !Object.hasOwn(sums, name))
    const archive = Object.hasOwn(sums, 'archive')
    if (archive && (source?.debian !== undefined || source?.modules !== undefined)) {
      const have =
        source.debian === undefined ? 'programs built from modules have' : 'Debian has packages, and'
      const message = `${key}.archive: ${have} no release archive`
      report.error([...place, 'archive'], message, 'pin etcd, etcdctl and (from 3.5 on) etcdutl instead')
    } else if (!archive && missing.length > 0) {
      const message = `${key}: without the archive's checksum every program needs its own, and ${missing.join(' and ')} ${missing.length === 1 ? 'has' : 'have'} none`
      const hint =
        source?.debian === undefined && source?.modules === undefined
          ? 'write archive: SHA-256, or one for each program'
          : 'write one for each program'
      report.error(place, message, hint)
    }
  }
}

/** The checksums come from the same server as the archive: over http an attacker on the network can replace both. */
export function checkPlainMirror(file: Partly<ClusterFile>, report: Reporter): void {
  const { sha256, source } = file.etcd ?? {}
  const release = source?.release
  if (release === undefined || sha256 !== undefined) return
  const [archive, checksums] = [release.url ?? release.mirror, release.checksums ?? release.mirror]
  if (!isPlain(archive) || !isPlain(checksums)) return
  const key = release.url === undefined ? 'mirror' : 'url'
  report.warning(
    ['etcd', 'source', 'release', key],
    `etcd.source.release.${key}: over http anyone on the network path can serve other programs together with their checksums, and etcd runs them on every node`,
    'write https, or pin the checksums: etcd.sha256',
  )
}

/** What can be built from modules, and how those are verified. */
export function checkModules(file: Partly<ClusterFile>, report: Reporter): void {
  const { version, sha256, source } = file.etcd ?? {}
  const modules = source?.modules
  if (modules === undefined) return
  const path = ['etcd', 'source', 'modules']
  if (version !== undefined && checkVersion(version) === undefined && minorNumber(version) < FIRST_MINOR) {
    report.error(
      path,
      `etcd.source.modules: etcd ${version} can't be built from modules: they begin with 3.${FIRST_MINOR}`,
      'take it from a release, from Debian or from a file',
      'key',
    )
  }
  if (modules.checksumDatabase === false && sha256 === undefined) {
    report.warning(
      [...path, 'checksumDatabase'],
      'etcd.source.modules.checksumDatabase: without the checksum database the module proxy can serve any program as etcd, and it runs on every node',
      'remove the key, or pin the checksums of the programs: etcd.sha256',
    )
  }
}

function isPlain(url: string | undefined): boolean {
  return (url ?? DEFAULTS.release.base).startsWith('http:')
}
