/** Paths on the workstation (relative to the cluster file, with `~`) and on the nodes (absolute). */
import { posix, resolve } from 'node:path'
import type { Complaint } from './problem.ts'

/** A path on the workstation. */
export function checkLocalPath(text: string): Complaint | undefined {
  if (text === '' || text.includes('\0'))
    return { message: 'an empty path', hint: 'write one, or remove the key' }
  if (/^~[^/]/.test(text)) {
    return {
      message: `"${text}" means another user's home`,
      hint: 'write ~/… for your own, or the whole path',
    }
  }
  return undefined
}

/** Absolute path for one that `checkLocalPath` accepts. `directory` is the cluster file's, absolute. */
export function resolveLocalPath(text: string, folder: string, home: string): string {
  return text === '~' || text.startsWith('~/') ? resolve(home, text.slice(2)) : resolve(folder, text)
}

/** A path on a node: absolute, and only with characters that a systemd unit and an environment file can contain. */
export function checkRemotePath(text: string): Complaint | undefined {
  if (!text.startsWith('/')) {
    return {
      message: `"${text}" is not absolute: it is a path on the nodes`,
      hint: `write one like /srv/${text.replace(/^[~./]+/, '')}`,
    }
  }
  if (!/^(\/[A-Za-z0-9._+@-]+)+\/?$/.test(text) || /\/\.\.?(\/|$)/.test(text)) {
    return {
      message: `"${text}" has blanks, special characters or dots in it, which systemd would read in its own way`,
      hint: 'write letters, digits and ._+@- only',
    }
  }
  return undefined
}

/** Without a final slash. */
export function tidyRemotePath(text: string): string {
  return posix.normalize(text).replace(/(?<=.)\/$/, '')
}

/** Directories that the hardened unit hides or makes read-only, or that are emptied at boot. */
const HIDDEN = [
  '/home',
  '/root',
  '/tmp',
  '/var/tmp',
  '/run',
  '/proc',
  '/sys',
  '/dev',
  '/boot',
  '/etc',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
]

/** Directories of the system as a whole, which must not become etcd's own. */
const SHARED = new Set([
  '/',
  '/opt',
  '/srv',
  '/mnt',
  '/media',
  '/var',
  '/var/lib',
  '/var/log',
  '/var/cache',
  '/var/opt',
  '/data',
])

/** Why etcd can't keep its data at this path. Takes tidy paths. */
export function checkDataDirectory(path: string): Complaint | undefined {
  const hidden = HIDDEN.find((folder) => path === folder || path.startsWith(`${folder}/`))
  if (hidden !== undefined) {
    return {
      message: `"${path}" lies in ${hidden}, where etcd's unit (ProtectHome, PrivateTmp, ProtectSystem) can't keep data`,
      hint: 'write one like /opt/etcd/data',
    }
  }
  if (SHARED.has(path)) {
    return {
      message: `"${path}" is shared by the whole system, and etcd wants a directory of its own (mode 0700)`,
      hint: `write ${posix.join(path, 'etcd/data')}`,
    }
  }
  return undefined
}

/** The same for the write-ahead log: etcd writes to its parent directory when a member first starts. */
export function checkWalDirectory(path: string): Complaint | undefined {
  const complaint = checkDataDirectory(path)
  if (complaint !== undefined) return { ...complaint, hint: complaint.hint?.replace(/data$/, 'wal') ?? '' }
  const parent = posix.dirname(path)
  if (!SHARED.has(parent)) return undefined
  return {
    message: `"${path}" lies directly in ${parent}, a system directory: etcd needs write access to ${parent}, because its first start renames a sibling to the WAL directory`,
    hint: `write ${posix.join(parent, 'etcd/wal')}`,
  }
}

/** Whether `inner` is `outer` or a path below it. Takes tidy paths. */
export function liesWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}
