/** What `rehearse.sh` found, as types. The texts come from the node and may be anything. */

import { isTypeable } from '../spec/typeable.ts'

/** One problem that the rehearsal found. */
export type FindingKind =
  | 'link'
  | 'blocked'
  | 'mount'
  | 'ground'
  | 'owner'
  | 'acl'
  | 'write'
  | 'account'
  | 'lock'
  | 'execute'
  | 'reach'
  | 'sandbox'

export interface Finding {
  readonly kind: FindingKind
  /** An absolute path; for `sandbox`, systemd's exit code. */
  readonly path: string
  readonly said: string
}

/** A filesystem that quorate writes to. */
export interface Room {
  readonly mountedOn: string
  /** undefined: the filesystem has no fixed number of inodes. */
  readonly freeInodes: number | undefined
  readonly freeBytes: number
}

export interface Security {
  /** undefined: the kernel has no SELinux. */
  readonly selinux: 'enforcing' | 'permissive' | undefined
  readonly apparmor: boolean
}

const KINDS: ReadonlySet<string> = new Set<FindingKind>([
  'link',
  'blocked',
  'mount',
  'ground',
  'owner',
  'acl',
  'write',
  'account',
  'lock',
  'execute',
  'reach',
  'sandbox',
])

/** Lines of `KIND PATH`, a tab and words. */
export function readFindings(text: string): readonly Finding[] {
  const found = [...text.matchAll(/^(\w+) (\S+)\t(.*)$/gm)].flatMap(
    ([, kind = '', path = '', said = '']): Finding[] =>
      KINDS.has(kind)
        ? // The path becomes part of commands.
          [{ kind: kind as FindingKind, path: pathOf(kind, path), said: said.trim() }]
        : [],
  )
  // Data and WAL are usually in the same directory.
  return [...new Map(found.map((one) => [`${one.kind} ${one.path}`, one])).values()]
}

function pathOf(kind: string, path: string): string {
  return (kind === 'sandbox' ? /^\d+$/.test(path) : isTypeable(path)) ? path : '/'
}

/** `df -P -i`, an empty line, and `df -P -B 1` of the same places. */
export function readRooms(text: string): readonly Room[] {
  const [inodes = '', bytes = ''] = text.split('\n\n')
  const counts = new Map(
    dfLines(inodes).map(({ size, free, mountedOn }) => [mountedOn, size === 0 ? undefined : free]),
  )
  const rooms = dfLines(bytes).map(({ free, mountedOn }): Room => {
    return { mountedOn, freeBytes: free, freeInodes: counts.get(mountedOn) }
  })
  return [...new Map(rooms.map((room) => [room.mountedOn, room])).values()]
}

/** Filesystem, size, used, available, capacity, mount point; a filesystem without inodes says 0, or a dash. */
function dfLines(text: string) {
  return [...text.matchAll(/\s(\d+|-)\s+(?:\d+|-)\s+(\d+|-)\s+\S+\s+(\/.*)$/gm)].map(
    ([, size, free, mountedOn = '']) => ({ size: Number(size) || 0, free: Number(free) || 0, mountedOn }),
  )
}

export function readSecurity(text: string): Security {
  const enforce = /^\/sys\/fs\/selinux\/enforce=([01])/m.exec(text)?.[1]
  return {
    selinux: enforce === undefined ? undefined : enforce === '1' ? 'enforcing' : 'permissive',
    apparmor: /^\/sys\/module\/apparmor\/parameters\/enabled=Y/m.test(text),
  }
}
