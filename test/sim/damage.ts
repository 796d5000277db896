/** Damaged data: a log that can't be read, or contents that differ from the others'. */
import { Failure } from './failure.ts'
import { type Disk, type MemberData } from './disk.ts'
import { stop } from './etcd.ts'
import { type Raft, type RaftMember, serving } from './raft.ts'
import { type World, diskOf, raftOf } from './world.ts'

export const DAMAGES = ['log-damaged', 'contents-differ'] as const

export type Damage = (typeof DAMAGES)[number]

export function damage(world: World, host: string, kind: Damage): void {
  const disk = diskOf(world, host)
  const { data, wal, process } = disk
  if (data === undefined || wal === undefined) return
  if (kind === 'log-damaged') {
    stop(disk)
    change(disk, { damaged: true })
    // systemd keeps restarting it.
    disk.retrying = process !== undefined
  } else if (process !== undefined && (raftOf(world)?.members.length ?? 0) > 1) {
    change(disk, { contentsOf: host })
    // Sometimes no member has detected it yet.
    if (process.pid % 2 === 0) raftOf(world)?.alarms.add('CORRUPT')
  }
}

function change(disk: Disk, harm: Partial<MemberData>): void {
  const { data, wal, process } = disk
  disk.data = data && { ...data, ...harm }
  disk.wal = wal && { ...wal, ...harm }
  if (process !== undefined) disk.process = { ...process, data: { ...process.data, ...harm } }
}

/** There is no evidence against the member's data. */
export function isGood({ data, wal }: Disk): boolean {
  return data !== undefined && wal !== undefined && wal.damaged !== true && wal.contentsOf === undefined
}

/** @param asked which answering members are compared @throws Failure if they differ */
export function requireEqual(
  world: World,
  raft: Raft,
  asked: (member: RaftMember) => boolean = () => true,
): void {
  const compared = serving(world, raft).filter(([member]) => asked(member))
  const kinds = new Set(compared.map(([, { process }]) => process.data.contentsOf))
  if (kinds.size > 1) throw new Failure('the members have different contents')
}
