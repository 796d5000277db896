/** etcd's systemd unit: ready when etcd reports it, restarted after a failure, and sandboxed. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { Cluster } from '../spec/cluster.ts'
import template from './etcd.service?raw'

export interface UnitOptions {
  readonly cluster: Cluster
}

/**
 * The text of `/etc/systemd/system/etcd.service`. Everything that differs between nodes is in `/etc/etcd/options.env`.
 *
 * @throws QuorateError `cluster-file` for a directory whose path can't be written in a unit unchanged.
 */
export function unitFile(options: UnitOptions): string {
  return rendered(options).text
}

/** The variable in a process's environment that contains the mark of its unit. */
export const UNIT_MARK = 'QUORATE_UNIT'

/** The value of `UNIT_MARK` for the unit's current text. With another value, the process was started from another text. */
export function unitMark(options: UnitOptions): string {
  return rendered(options).mark
}

interface Rendered {
  readonly text: string
  readonly mark: string
}

/** By cluster, which never changes: every evaluation of a plan needs it, once for each member. */
const RENDERED = new WeakMap<Cluster, Rendered>()

function rendered({ cluster }: UnitOptions): Rendered {
  const known = RENDERED.get(cluster)
  if (known !== undefined) return known
  const text = unmarked({ cluster })
  const mark = markOf(text)
  const made = { text: text.replace('@MARK@', mark), mark }
  RENDERED.set(cluster, made)
  return made
}

function markOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function unmarked({ cluster }: UnitOptions): string {
  const { dataDirectory, walDirectory } = cluster.etcd
  for (const directory of [dataDirectory, walDirectory]) checkPath(directory)
  return template
    .replace('@CLUSTER@', cluster.name)
    .replace('@WAL@', walDirectory)
    .replace('@WRITABLE@', writablePaths(dataDirectory, walDirectory).join(' '))
}

/**
 * The minimum that etcd has to write to: its data directory, and the directory above the WAL's. etcd creates the WAL by
 * renaming a sibling of it.
 */
function writablePaths(dataDirectory: string, walDirectory: string): string[] {
  const wanted = [...new Set([dataDirectory, path.posix.dirname(walDirectory)])]
  return wanted.filter((one) => !wanted.some((other) => other !== one && one.startsWith(`${other}/`)))
}

/** No blanks, quotes, backslashes or specifiers, which have a meaning in a unit; and never the whole system. */
function checkPath(directory: string): void {
  if (/^(?:\/[\w.@:+-]+){2,}$/.test(directory)) return
  throw new QuorateError('cluster-file', `'${directory}' can't be an etcd directory`, {
    id: 'unfit-directory',
    hint: 'use an absolute path at least two directories deep, of letters, digits and . _ - + : @, such as /opt/etcd/data',
  })
}
