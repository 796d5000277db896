/** etcd's systemd unit: ready when etcd says so, restarted when it fails, and shut in. */
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { Cluster } from '../spec/cluster.ts'
import template from './etcd.service?raw'

export interface UnitOptions {
  readonly cluster: Cluster
  /** The member belongs to a verified cluster: it must never start without its data. */
  readonly pinned: boolean
}

/**
 * The text of `/etc/systemd/system/etcd.service`. Whatever differs between nodes is in `/etc/etcd/options.env`.
 *
 * @throws QuorateError `cluster-file` for a folder whose path a unit can't hold as it is.
 */
export function unitFile({ cluster, pinned }: UnitOptions): string {
  const { dataDirectory, walDirectory } = cluster.etcd
  for (const directory of [dataDirectory, walDirectory]) checkPath(directory)
  return template
    .replace('@CLUSTER@', cluster.name)
    .replace('@ASSERTIONS@\n', pinned ? assertions(dataDirectory, walDirectory) : '')
    .replace('@WRITABLE@', writablePaths(dataDirectory, walDirectory).join(' '))
}

/**
 * A member that lost its data and starts all the same either begins a second cluster, or votes twice. The assertions
 * fail before etcd runs; `systemctl status etcd` then names the folder.
 */
function assertions(dataDirectory: string, walDirectory: string): string {
  return [
    '# This member belongs to a cluster: without its data it must not start.',
    `AssertDirectoryNotEmpty=${path.posix.join(dataDirectory, 'member/snap')}`,
    `AssertDirectoryNotEmpty=${walDirectory}`,
    '',
  ].join('\n')
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
  throw new QuorateError('cluster-file', `'${directory}' can't be a folder of etcd's`, {
    hint: 'use an absolute path at least two folders deep, of letters, digits and . _ - + : @, such as /opt/etcd/data',
  })
}
