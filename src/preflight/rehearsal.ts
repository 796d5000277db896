/** Can the operations of a first apply be done on this machine? It has tried them, and left nothing. */
import { unitFile } from '../etcd/unit-file.ts'
import { describeLink, linkRemedy } from '../host/linked.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { isTypeable } from '../spec/typeable.ts'
import { formatBytes } from '../spec/units.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'
import type { Finding, FindingKind, Room } from './rehearsal-facts.ts'
import { judgeSandbox } from './sandbox.ts'

/** Where quorate writes on an etcd node, besides etcd's own directories. */
export const WRITTEN: readonly string[] = [
  '/var/lib/quorate',
  '/usr/local/bin',
  '/etc/etcd',
  '/etc/ssl/etcd.d',
  '/etc/systemd/system',
  '/tmp',
  '/var/tmp',
]

/** etcd's three binaries are some 65 MB; once more while they are on their way, where that is another filesystem's room. */
const LEAST_FREE_BYTES = 128 * 1024 ** 2

/** quorate makes about 50 files, and etcd one for each 64 MB of its log and each snapshot. */
const LEAST_FREE_INODES = 1000

/** What unit files and systemd-run have in common: the properties that shut etcd in. */
export function sandboxOf(cluster: Cluster): readonly string[] {
  // Which directories it may write to is no part of this, and may be what a unit can't hold.
  const etcd = { ...cluster.etcd, dataDirectory: '/opt/etcd/data', walDirectory: '/opt/etcd/wal' }
  const service = /^\[Service\]\n([^]*?)^\[/m.exec(unitFile({ cluster: { ...cluster, etcd } }))?.[1] ?? ''
  return service.split('\n').filter((line) => /^[A-Z]\w+=/.test(line) && !NOT_REHEARSED.test(line))
}

/** What only a member needs, and RemoveIPC, which would take from other processes of the user. */
const NOT_REHEARSED =
  /^(?:Type|Timeout\w+|User|Group|Environment|EnvironmentFile|Exec\w+|Restart\w*|ReadWritePaths|RemoveIPC|\w+Directory)=/

export function judgeRehearsal(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  const { rehearsal } = facts
  if (rehearsal === undefined) return []
  const of = (...kinds: FindingKind[]) => rehearsal.filter(({ kind }) => kinds.includes(kind))
  return [
    ...judgeDirectories(cluster, node, of('link', 'blocked', 'mount', 'ground', 'owner', 'acl', 'reach')),
    ...judgeWrites(node, of('write')),
    ...judgeAccountFiles(node, of('account', 'lock')),
    ...judgeExecution(node, of('execute')),
    ...judgeSandbox(node, facts, of('sandbox')),
    ...judgeRooms(node, facts.rooms),
  ]
}

function judgeDirectories({ etcd }: Cluster, node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'directories', 'Directories')
  const wanted = "real directories that only root can replace, and that a service's user can reach"
  if (findings.length === 0) return [check.ok({ found: 'can be made, and given to etcd', wanted })]
  return findings.map(({ kind, path, said }) => {
    switch (kind) {
      case 'link': {
        const link = { path, target: said }
        return check.failure({ found: describeLink(link), wanted, remedy: linkRemedy(link, etcd) })
      }
      case 'blocked':
        return check.failure({
          found: `${path} is not a directory (${said})`,
          wanted,
          remedy: `move ${path} away, or ${elsewhere}`,
        })
      case 'mount':
        return check.failure({
          found: `${path} is a mount point: etcd makes its log by renaming a directory next to it, which cannot replace a mount point`,
          wanted,
          remedy: `set \`etcd.walDirectory: ${path}/wal\``,
        })
      case 'ground': {
        const [found = said, wish = ''] = said.split(/; nothing was changed\. Fix: /)
        const [fix, open = ''] = /^chown root: (\S+) && chmod go-w \1$/.exec(wish) ?? []
        return check.failure({
          found,
          wanted,
          remedy: fix === undefined || !isTypeable(open) ? elsewhere : `${fix}; or ${elsewhere}`,
        })
      }
      case 'owner':
        return check.failure({
          found: `a directory in ${path} can't be given to another user: ${said}`,
          wanted,
          remedy: `use a filesystem with owners and modes (ext4, XFS) on a local disk: ${elsewhere}`,
        })
      case 'acl':
        return check.failure({
          found: `${path} passes an access control list on to what is made in it, and setfacl is missing to remove that`,
          wanted,
          remedy: `setfacl -k ${path}, or install the package acl`,
        })
      default:
        return check.failure({
          found: `a service of another user can't go to ${path}: ${said}`,
          wanted,
          remedy: `let others pass through all directories on the way (namei -l ${path}; chmod o+x), or ${elsewhere}; below /home, /root and /run/user no etcd of quorate's can be`,
        })
    }
  })
}

const elsewhere = 'set `etcd.dataDirectory` and `etcd.walDirectory` to other paths'

function judgeWrites(node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'write', 'Places to write')
  const wanted = 'quorate can write to all directories that it uses'
  if (findings.length === 0) return [check.ok({ found: 'all can be written to', wanted })]
  return byReason(findings).map(({ paths, reason, path }) =>
    check.failure({ found: `${paths}: ${reason}`, wanted, remedy: writeRemedy(path, reason) }),
  )
}

/** One filesystem that is read-only is found in several places. */
function byReason(findings: readonly Finding[]) {
  const reasons = Map.groupBy(findings, ({ said }) => said.slice(said.lastIndexOf(': ') + 1).trim())
  return [...reasons].map(([reason, all]) => ({
    reason,
    paths: all.map(({ path }) => path).join(', '),
    path: all[0]?.path ?? '/',
  }))
}

function writeRemedy(path: string, said: string): string {
  if (/Read-only file system/i.test(said))
    return `mount it writable: findmnt -T ${path}, then mount -o remount,rw on what that names. On an image that can't be changed, mount a writable directory at ${path}`
  if (/No space left|quota/i.test(said)) return `make room: df -h ${path}; df -i ${path}`
  if (/Operation not permitted/i.test(said))
    return `see whether it is immutable: lsattr -d ${path}, then chattr -i ${path}`
  return `see what hinders root there: findmnt -T ${path}; lsattr -d ${path}`
}

function judgeAccountFiles(node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'account-files', 'Files of accounts')
  const wanted = 'the user etcd can be made'
  if (findings.length === 0) return [check.ok({ found: 'can be changed', wanted })]
  return byReason(findings).map(({ paths, reason, path }) =>
    check.failure({
      found: `${paths}: ${reason}`,
      wanted,
      remedy: path.endsWith('.lock')
        ? `if no process changes accounts now, remove the lock: rm ${paths.replaceAll(', ', ' ')}`
        : `${writeRemedy(path, reason)}. Or make the user etcd yourself, as your system does it, with the shell /bin/false`,
    }),
  )
}

function judgeExecution(node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'execute', 'Programs')
  const wanted = 'programs in /usr/local/bin can be run'
  if (findings.length === 0) return [check.ok({ found: 'can be run', wanted })]
  return findings.map(({ path, said }) =>
    check.failure({
      found: `a program in ${path} can't be run: ${said.replace(/^\S*\.quorate-preflight\S*:? ?/, '')}`,
      wanted,
      remedy: `mount it without noexec: findmnt -T ${path}, then mount -o remount,exec on what that names`,
    }),
  )
}

function judgeRooms(node: Node, rooms: readonly Room[]): Check[] {
  const check = judge(node.name, 'room', 'Room for files')
  const wanted = `at least ${formatBytes(LEAST_FREE_BYTES)} and ${LEAST_FREE_INODES} inodes, wherever quorate writes`
  const small = rooms.filter(
    // A small /tmp or /etc of its own is enough: only what is full there stands in the way, and writing has shown that.
    ({ freeInodes, freeBytes, mountedOn }) =>
      (freeInodes !== undefined && freeInodes < LEAST_FREE_INODES) ||
      (freeBytes < LEAST_FREE_BYTES &&
        HEAVY.some((path) => `${path}/`.startsWith(`${mountedOn}/`.replace('//', '/')))),
  )
  if (small.length === 0) return [check.ok({ found: 'enough', wanted })]
  return small.map(({ mountedOn, freeBytes, freeInodes }) =>
    check.failure({
      found: `${formatBytes(freeBytes)}${freeInodes === undefined ? '' : ` and ${freeInodes} inodes`} free on ${mountedOn}`,
      wanted,
      remedy: isTypeable(mountedOn)
        ? `make room on ${mountedOn}: df -h ${mountedOn}; df -i ${mountedOn}`
        : 'make room there: df -h; df -i',
    }),
  )
}

/** Where the binaries go through, and where they stay. */
const HEAVY = ['/usr/local/bin', '/var/lib/quorate']
