/**
 * A simulated cluster that can lose its quorum: its members' logs, what a recovery creates on them, and what its judge
 * knows.
 */
import type { MemberLog } from '../../../../src/host/member-log.ts'
import { etcdNodes } from '../../../../src/spec/cluster.ts'
import { runningOn, type Finds } from '../../../../src/verbs/recover/survey.ts'
import type { MemberData } from '../../disk.ts'
import { diskOf } from '../../world.ts'
import { type VerbWorld, isReached, lookAtHosts, viewOf } from '../world.ts'
import { type Logs, catchUp, compareLogs, lastTerm, logOf, writesIn } from './logs.ts'

export interface RecoveryWorld {
  readonly vw: VerbWorld
  readonly logs: Logs
  /** What a recovery has created next to the data, by host. */
  readonly copies: Map<string, Copies>
  /** Machines whose API servers and flannel are kept stopped. */
  readonly halted: Set<string>
  /** Machines that are off, and declared to stay so. */
  readonly lost: Set<string>
  /** Acknowledged writes that the started recovery must keep; undefined: none was started. */
  owed: ReadonlySet<number> | undefined
  /** The newest revision that a client had received at its start. */
  hadRevision: number
  /** What was on the machines at its start. */
  had: ReadonlyMap<string, Had>
  /** Surviving member of the recovery that was started last. */
  survivor: string | undefined
  /** The surviving member lost its data in the middle. */
  doomed: boolean
  /** A member that had joined the new cluster lost its data. */
  newLost: boolean
}

export interface Copies {
  copy?: MemberData | undefined
  data?: MemberData | undefined
  wal?: MemberData | undefined
  /** The previous data, renamed. */
  kept?:
    | {
        data?: MemberData | undefined
        wal?: MemberData | undefined
        pin?: string | undefined
        environment?: string | undefined
      }
    | undefined
}

export interface Had {
  data: number | undefined
  wal: number | undefined
}

/** As `findSurvivors`. */
export function findSurvivors(rw: RecoveryWorld): Finds {
  const { vw, logs } = rw
  const nodes = etcdNodes(vw.cluster)
  const hosts = lookAtHosts(vw, nodes)
  catchUp(vw, logs)
  const running = runningOn(Object.values(hosts)).length > 0
  return {
    hosts,
    away: Object.fromEntries(
      nodes.flatMap(({ name }) => (hosts[name] === undefined ? [[name, 'no route to host']] : [])),
    ),
    data: Object.fromEntries(
      Object.keys(hosts).map((name) => {
        const { data, wal } = diskOf(vw.world, name)
        const database = data && { sizeBytes: 20480, writtenAt: NEVER }
        return [name, { log: wal && memberLog(rw, wal), unreadable: undefined, database }]
      }),
    ),
    view: running ? viewOf(vw) : { members: [] },
  }
}

const NEVER = new Date(0)

export function memberLog({ vw, logs }: RecoveryWorld, wal: MemberData): MemberLog {
  const log = logOf(logs, wal)
  const members = vw.world.rafts.get(wal.clusterId)?.members ?? []
  const term = BigInt(lastTerm(log))
  const index = BigInt(log.entries.length)
  return {
    memberId: wal.memberId,
    clusterId: wal.clusterId,
    lastTerm: term,
    lastIndex: index,
    commit: index,
    term,
    vote: 0n,
    learner: members.find(({ id }) => id === wal.memberId)?.learner ?? false,
    writtenAt: NEVER,
    tail: { file: '0.wal', end: 0, sum: 0, sizeBytes: 0 },
    trouble: wal.damaged === true ? { kind: 'damaged', message: 'its checksum differs' } : undefined,
  }
}

/** Reachable hosts with a member's data, ordered by how far their logs go. */
export function bestOf(rw: RecoveryWorld): readonly string[] {
  const { vw, logs } = rw
  const own = (name: string) => logOf(logs, diskOf(vw.world, name).wal)
  const able = etcdNodes(vw.cluster)
    .map(({ name }) => name)
    .filter((name) => isReached(vw, name))
    .filter((name) => diskOf(vw.world, name).data !== undefined && diskOf(vw.world, name).wal !== undefined)
  return able.filter((name) => able.every((other) => compareLogs(own(name), own(other)) >= 0))
}

/** The acknowledged writes that this host's log has. */
export function acknowledgedOn({ vw, logs }: RecoveryWorld, host: string): ReadonlySet<number> {
  const own = writesIn(logOf(logs, diskOf(vw.world, host).wal))
  return new Set(own.filter((one) => logs.acknowledged.has(one)))
}

export function dataOn({ vw }: RecoveryWorld, host: string): Had {
  const { data, wal } = diskOf(vw.world, host)
  return { data: data?.beginning, wal: wal?.beginning }
}
