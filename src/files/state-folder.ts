/** The directory that keys, host keys and the CA of a cluster lie in: nobody else may write to it, and no run leaves a draft there. */
import { type Stats, existsSync, lstatSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { makeOwnFolder, whyNotOurs, writableByOthers } from './own-folder.ts'
import { sweep } from './temporary.ts'

/** CAs that versions before this one left half-made. */
const EARLIER = /^\.ca\.[A-Za-z0-9]{6}$/

/**
 * Who could write there could name the nodes that we log in to, the CA that we trust, and the keys that we use. Files
 * of root's, and of who called sudo(8), are as good as ours. Members of a group that may write to a directory above are
 * trusted.
 *
 * @throws QuorateError `permission`, naming what others can write to
 */
export function requireOwnState(directory: string, environment: NodeJS.ProcessEnv = process.env): void {
  const rules = { owners: owners(environment), groups: true }
  const there = existsSync(directory)
  // In a shared directory like /tmp it must be there before anybody else can make it.
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
 * The cluster file names the nodes, the CA and the programs that are run: as `requireOwnState`. What the shell hands
 * over is no file, and whoever named it knows whose it is.
 */
export function requireOwnClusterFile(file: string, environment: NodeJS.ProcessEnv = process.env): void {
  // That it is missing, reading it says.
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
      ? `others can write to ${file}`
      : folder
  if (reason === undefined) return
  throw new QuorateError('permission', `the cluster file is not safe: ${reason}`, {
    hint: 'find out why; then give it to the user that runs quorate (chown), and let no other user write to it (chmod o-w)',
  })
}

function whyNotOurFile(place: string, found: Stats, own: readonly number[]): string | undefined {
  if (found.uid !== 0 && !own.includes(found.uid))
    return `${place} belongs to another user (uid ${found.uid})`
  return writableByOthers(found) ? `others can write to ${place}` : undefined
}

function refusal(directory: string, reason: string): QuorateError {
  return new QuorateError('permission', `the state directory ${directory} is not safe: ${reason}`, {
    hint: `find out why, then: chmod -R go-w ${directory}, and chown it to the user that runs quorate`,
  })
}

/**
 * A directory that was named for keys, or for what a CA is to sign: who could write there could put a key of theirs in
 * first, and it would get the certificate.
 *
 * @param missing `make` makes it with mode 700 where it is missing; `leave` looks alone
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
  throw new QuorateError('permission', `nothing is written to ${directory}: ${reason}`, {
    hint: 'name a directory that belongs to you, and that only you can write to',
  })
}

/** Removes what killed runs left in it, and in its directories. */
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
