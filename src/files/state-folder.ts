/**
 * The state directory, which has a cluster's keys, host keys and CA. No other user may write to it, and no run leaves a
 * draft in it.
 */
import { type Stats, existsSync, lstatSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { makeOwnFolder, whyNotOurs, writableByOthers } from './own-folder.ts'
import { sweep } from './temporary.ts'

/** Incomplete CAs that earlier versions left. */
const EARLIER = /^\.ca\.[A-Za-z0-9]{6}$/

/**
 * A user with write access could change the nodes that quorate logs in to, the CA that it trusts, and the keys. Files
 * of root and of the user who called sudo(8) count as this user's. Members of a group that may write to a parent
 * directory are trusted.
 *
 * @throws QuorateError `permission`, naming what other users can write to
 */
export function requireOwnState(directory: string, environment: NodeJS.ProcessEnv = process.env): void {
  const rules = { owners: owners(environment), groups: true }
  const there = existsSync(directory)
  // In a shared directory like /tmp it must exist before another user can create it.
  const reason = whyNotOurs(directory, rules)
  const lasting = reason === undefined || there ? reason : makeOwnFolder(directory, rules)
  if (lasting !== undefined) throw refusal(directory, lasting)
  if (!there) return
  for (const name of readdirSync(directory)) {
    const place = path.join(directory, name)
    const found = lstatSync(place)
    const inside = found.isFile() ? whyNotOurFile(place, found, rules.owners) : whyNotOurs(place, rules)
    if (inside !== undefined) throw refusal(directory, inside)
  }
}

/**
 * The cluster file names the nodes, the CA and the programs that are run: checked as `requireOwnState`. What
 * the shell passes is not a file and is not checked.
 */
export function requireOwnClusterFile(file: string, environment: NodeJS.ProcessEnv = process.env): void {
  // Reading it reports a missing file.
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isFile() !== true) return
  const groups = true
  const own = [0, ...owners(environment)]
  const folder = whyNotOurs(path.dirname(path.resolve(file)), {
    owners: owners(environment),
    groups,
    shared: true,
  })
  const reason = !own.includes(found.uid)
    ? `${file} belongs to another user (uid ${found.uid})`
    : writableByOthers(found, groups)
      ? `other users can write to ${file}`
      : folder
  if (reason === undefined) return
  throw new QuorateError('permission', `the cluster file is not safe: ${reason}`, {
    id: 'cluster-file-is-not-safe',
    hint: "find out why, then make the user that runs quorate its owner (chown) and remove other users' write access (chmod o-w)",
  })
}

function whyNotOurFile(place: string, found: Stats, own: readonly number[]): string | undefined {
  if (found.uid !== 0 && !own.includes(found.uid))
    return `${place} belongs to another user (uid ${found.uid})`
  return writableByOthers(found) ? `others can write to ${place}` : undefined
}

function refusal(directory: string, reason: string): QuorateError {
  return new QuorateError('permission', `the state directory ${directory} is not safe: ${reason}`, {
    id: 'state-directory-is-not-safe',
    hint: `find out why, then: chmod -R go-w ${directory}, and make the user that runs quorate its owner (chown)`,
  })
}

/**
 * A directory for keys or for requests to a CA. Another user with write access could place a key in it first, and that
 * key would get the certificate.
 *
 * @param missing `make` creates it with mode 700 if missing; `leave` only checks
 * @throws QuorateError `permission`
 */
export function requireOwnOutput(
  directory: string,
  missing: 'make' | 'leave',
  environment: NodeJS.ProcessEnv = process.env,
): void {
  const rules = { owners: owners(environment), groups: true }
  const reason =
    missing === 'make' ? makeOwnFolder(directory, rules) : whyNotOurs(directory, { ...rules, missing: true })
  if (reason === undefined) return
  throw new QuorateError('permission', `nothing was written to ${directory}: ${reason}`, {
    id: 'directory-is-not-safe',
    hint: 'name a directory that belongs to you, and that only you can write to',
  })
}

/** Removes what killed runs left in it and in its subdirectories. */
export async function sweepState(directory: string): Promise<void> {
  if (!existsSync(directory)) return
  await sweep(directory, EARLIER)
  const inside = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of inside) await sweep(path.join(directory, name))
}

function owners(environment: NodeJS.ProcessEnv): number[] {
  const own = process.getuid?.() ?? 0
  const caller = own === 0 ? Number.parseInt(environment['SUDO_UID'] ?? '', 10) : Number.NaN
  return Number.isNaN(caller) ? [own] : [own, caller]
}
