/**
 * An own directory: one in which no other user of the workstation can create, replace or move anything. What quorate
 * executes, trusts or keeps secret is in one. The rule is OpenSSH's for `~/.ssh` (`StrictModes`): every component of
 * the path belongs to this user or to root, and others can't write to it.
 */
import { lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs'
import path from 'node:path'

export interface OwnFolderRules {
  /** Users that are trusted like root; by default, the user who runs this. */
  readonly owners?: readonly number[] | undefined
  /** Whether it may be shared, like /tmp: other users can add files, but can't replace this user's. */
  readonly shared?: boolean | undefined
  /** Whether groups may write: a user who gave a group write access trusts its members. Only for parent directories. */
  readonly groups?: boolean | undefined
  /** Whether it may be missing from a shared directory, where another user could create it first. */
  readonly missing?: boolean | undefined
}

/** More links than this in one path: a loop (Linux's own limit). */
const MOST_LINKS = 40

/**
 * Why another user could change `directory`, as a sentence that names the component; undefined: no other user can. If
 * the directory doesn't exist yet, the existing part of its path is checked.
 */
export function whyNotOurs(folder: string, rules: OwnFolderRules = {}): string | undefined {
  const owners = [0, ...(rules.owners ?? [process.getuid?.() ?? 0])]
  const waiting = path.resolve(folder).split(path.sep).filter(Boolean)
  let at = path.parse(path.resolve(folder)).root
  let links = 0
  let open = false
  for (;;) {
    const found = lookAt(at)
    if (found === undefined)
      return open && rules.missing !== true ? `other users can create ${at}` : undefined
    if (!owners.includes(found.uid)) return `${at} belongs to another user (uid ${found.uid})`
    const last = waiting.length === 0
    if (found.isSymbolicLink()) {
      links += 1
      if (links > MOST_LINKS) return `${at} is a loop of symbolic links`
      const target = path.resolve(path.dirname(at), readlinkSync(at))
      waiting.unshift(...target.split(path.sep).filter(Boolean))
      at = path.parse(target).root
      continue
    }
    // In a directory with the sticky bit only the owner of a file can replace it, and that owner is checked next.
    const sticky = (found.mode & 0o1000) !== 0 && (!last || rules.shared === true)
    open = writableByOthers(found, !last && rules.groups === true)
    if (open && !sticky && found.isDirectory()) return `other users can write to ${at}`
    const next = waiting.shift()
    if (next === undefined) return found.isDirectory() ? undefined : `${at} is not a directory`
    at = path.join(at, next)
  }
}

/** Creates a missing directory with mode 700, but nothing in another user's directory. Returns as `whyNotOurs`. */
export function makeOwnFolder(folder: string, rules: OwnFolderRules = {}): string | undefined {
  const reason = whyNotOurs(folder, { ...rules, missing: true })
  if (reason !== undefined) return reason
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    return `${folder} can't be created: ${(error as Error).message}`
  }
  return whyNotOurs(folder, rules)
}

/**
 * Whether a user other than the owner can write. The owner's own group doesn't count: useradd(8) gives it the same
 * number as the user. Systems with such groups use a umask of 002, which makes everything writable by that group.
 */
export function writableByOthers(
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  groups = false,
): boolean {
  if ((mode & 0o002) !== 0) return true
  return !groups && (mode & 0o020) !== 0 && gid !== uid
}

function lookAt(place: string): Stats | undefined {
  try {
    return lstatSync(place)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
