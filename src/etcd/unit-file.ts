/** etcd's systemd unit: ready when etcd says so, restarted when it fails, and shut in. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { Cluster } from '../spec/cluster.ts'
import template from './etcd.service?raw'

export interface UnitOptions {
  readonly cluster: Cluster
}

/**
 * The text of `/etc/systemd/system/etcd.service`. Whatever differs between nodes is in `/etc/etcd/options.env`.
 *
 * @throws QuorateError `cluster-file` for a folder whose path a unit can't hold as it is.
 */
export function unitFile(options: UnitOptions): string {
  return rendered(options).text
}

/** The variable that a process carries the mark of its unit in. */
export const UNIT_MARK = 'QUORATE_UNIT'

/** What `UNIT_MARK` is in the unit's present text: any other means that the process was started from another one. */
export function unitMark(options: UnitOptions): string {
  return rendered(options).mark
}

interface Rendered {
  readonly text: string
  readonly mark: string
}

/** By cluster, which never changes: every look at a plan asks for it, once a member. */
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
 * The least that etcd has to write: its data folder, and the folder above the WAL's, because etcd makes the WAL by
 * renaming a sibling.
 */
function writablePaths(dataDirectory: string, walDirectory: string): string[] {
  const wanted = [...new Set([dataDirectory, path.posix.dirname(walDirectory)])]
  return wanted.filter((one) => !wanted.some((other) => other !== one && one.startsWith(`${other}/`)))
}

/** No blanks, quotes, backslashes or specifiers, which mean something in a unit; and never the whole system. */
function checkPath(directory: string): void {
  if (/^(?:\/[\w.@:+-]+){2,}$/.test(directory)) return
  throw new QuorateError('cluster-file', `'${directory}' can't be an etcd directory`, {
    hint: 'use an absolute path at least two directories deep, of letters, digits and . _ - + : @, such as /opt/etcd/data',
  })
}
