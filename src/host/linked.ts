/** A symbolic link where a directory of a member's belongs: what is reported of it, by preflight and before any change. */

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

/** What is there, in a phrase. */
export function describeLink({ path, target }: Linked): string {
  return `${path} is a symbolic link to ${target}`
}

/**
 * What to do instead. quorate follows no link there: who can exchange it decides what root works on, and etcd's own sandbox
 * is made for one path.
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
