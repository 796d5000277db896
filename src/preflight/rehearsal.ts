/** Judges the rehearsal: the node tried the operations of a first apply and removed what it created. */
import { NOTHING_CHANGED } from '../errors.ts'
import { unitFile } from '../etcd/unit-file.ts'
import { describeLink, linkRemedy } from '../host/linked.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { isTypeable } from '../spec/typeable.ts'
import { formatBytes } from '../spec/units.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'
import type { Finding, FindingKind, Room } from './rehearsal-facts.ts'
import { judgeSandbox } from './sandbox.ts'

/** The directories that quorate writes to on an etcd node, besides etcd's own. */
export const WRITTEN: readonly string[] = [
  '/var/lib/quorate',
  '/usr/local/bin',
  '/etc/etcd',
  '/etc/ssl/etcd.d',
  '/etc/systemd/system',
  '/tmp',
  '/var/tmp',
]

/**
 * etcd's three binaries take about 65 MB, and as much again while they are copied, perhaps on another
 * filesystem.
 */
const LEAST_FREE_BYTES = 128 * 1024 ** 2

/** quorate creates about 50 files. etcd creates one for each 64 MB of its WAL and one for each snapshot. */
const LEAST_FREE_INODES = 1000

/** The sandbox properties of etcd's unit that systemd-run accepts as well. */
export function sandboxOf(cluster: Cluster): readonly string[] {
  // The writable directories are left out: a path may contain what systemd-run can't take.
  const etcd = { ...cluster.etcd, dataDirectory: '/opt/etcd/data', walDirectory: '/opt/etcd/wal' }
  const service = /^\[Service\]\n([^]*?)^\[/m.exec(unitFile({ cluster: { ...cluster, etcd } }))?.[1] ?? ''
  return service.split('\n').filter((line) => /^[A-Z]\w+=/.test(line) && !NOT_REHEARSED.test(line))
}

/** What only a member needs, and RemoveIPC, which would affect other processes of the user. */
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
  const wanted = "real directories that only root can replace and that a service's user can reach"
  if (findings.length === 0) return [check.ok({ found: 'can be created and owned by etcd', wanted })]
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
          found: `${path} is a mount point: etcd creates its WAL by renaming a directory, which can't replace a mount point`,
          wanted,
          remedy: `set \`etcd.walDirectory: ${path}/wal\``,
        })
      case 'ground': {
        const [found = said, wish = ''] = said.split(`; ${NOTHING_CHANGED}. Fix: `)
        const [fix, open = ''] = /^chown root: (\S+) && chmod go-w \1$/.exec(wish) ?? []
        return check.failure({
          found,
          wanted,
          remedy: fix === undefined || !isTypeable(open) ? elsewhere : `${fix}; or ${elsewhere}`,
        })
      }
      case 'owner':
        return check.failure({
          found: `the owner of a directory in ${path} can't be changed: ${said}`,
          wanted,
          remedy: `use a filesystem with owners and modes (ext4, XFS) on a local disk: ${elsewhere}`,
        })
      case 'acl':
        return check.failure({
          found: `new files in ${path} inherit an access control list, and setfacl, which removes it, is not installed`,
          wanted,
          remedy: `run setfacl -k ${path}, or install the package acl`,
        })
      default:
        return check.failure({
          found: `a service that doesn't run as root can't reach ${path}: ${said}`,
          wanted,
          remedy: `make each parent directory searchable (namei -l ${path}; chmod o+x), or ${elsewhere}; etcd's unit can't reach paths below /home, /root and /run/user`,
        })
    }
  })
}

const elsewhere = 'set `etcd.dataDirectory` and `etcd.walDirectory` to other paths'

function judgeWrites(node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'write', 'Write access')
  const wanted = 'quorate can write to all directories that it uses'
  if (findings.length === 0) return [check.ok({ found: 'all can be written to', wanted })]
  return byReason(findings).map(({ paths, reason, path }) =>
    check.failure({ found: `${paths}: ${reason}`, wanted, remedy: writeRemedy(path, reason) }),
  )
}

/** One read-only filesystem is found in several directories. */
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
    return `mount it writable: findmnt -T ${path}, then mount -o remount,rw on the target it prints. On an immutable image, mount a writable directory at ${path}`
  if (/No space left|quota/i.test(said)) return `free space or inodes: df -h ${path}; df -i ${path}`
  if (/Operation not permitted/i.test(said))
    return `check if it is immutable: lsattr -d ${path}, then chattr -i ${path}`
  return `check what prevents root from writing: findmnt -T ${path}; lsattr -d ${path}`
}

function judgeAccountFiles(node: Node, findings: readonly Finding[]): Check[] {
  const check = judge(node.name, 'account-files', 'Account files')
  const wanted = 'the user etcd can be created'
  if (findings.length === 0) return [check.ok({ found: 'writable', wanted })]
  return byReason(findings).map(({ paths, reason, path }) =>
    check.failure({
      found: `${paths}: ${reason}`,
      wanted,
      remedy: path.endsWith('.lock')
        ? `if no process is changing accounts, remove the lock: rm ${paths.replaceAll(', ', ' ')}`
        : `${writeRemedy(path, reason)}. Or create the user etcd with your system's tool and the shell /bin/false`,
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
      remedy: `mount it without noexec: findmnt -T ${path}, then mount -o remount,exec on the target it prints`,
    }),
  )
}

function judgeRooms(node: Node, rooms: readonly Room[]): Check[] {
  const check = judge(node.name, 'room', 'Free space and inodes')
  const wanted = `at least ${formatBytes(LEAST_FREE_BYTES)} and ${LEAST_FREE_INODES} inodes on every filesystem that quorate writes to`
  const small = rooms.filter(
    // A small separate /tmp or /etc is enough. Only a full one is a problem, and the rehearsal has found that.
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
        ? `free space on ${mountedOn}: df -h ${mountedOn}; df -i ${mountedOn}`
        : 'free space: df -h; df -i',
    }),
  )
}

/** Where the binaries are copied to first, and where they are installed. */
const HEAVY = ['/usr/local/bin', '/var/lib/quorate']
