/** A symbolic link in place of a member's directory: what preflight and each change report about it. */

import { isTypeable } from '../spec/typeable.ts'

/** The directories that a member keeps its data and its write-ahead log in: absolute paths. */
export interface Directories {
  readonly dataDirectory: string
  readonly walDirectory: string
}

/** `path`: one of them, or a directory above one. `target`: the real path behind the link. */
export interface Linked {
  readonly path: string
  readonly target: string
}

/** What was found, in a phrase. */
export function describeLink({ path, target }: Linked): string {
  return `${path} is a symbolic link to ${target}`
}

/**
 * The fix. quorate follows no such link: who can replace it decides what root works on, and etcd's sandbox
 * names one path.
 */
export function linkRemedy({ path, target }: Linked, etcd: Directories): string {
  if (!isTypeable(target) || !isTypeable(path))
    return 'use the real path in the cluster file (etcd.dataDirectory, etcd.walDirectory), or replace the link with a directory'
  const keys = (['dataDirectory', 'walDirectory'] as const).flatMap((key) => {
    const within = etcd[key] === path || etcd[key].startsWith(`${path}/`)
    return within ? [`etcd.${key}: ${target}${etcd[key].slice(path.length)}`] : []
  })
  return `use the real path in the cluster file (${keys.join(', ')}), or replace the link with a directory that the disk is mounted at: rm ${path} && mkdir ${path} && mount --bind ${target} ${path} (and the same in /etc/fstab)`
}
