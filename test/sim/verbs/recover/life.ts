/** Runs a life of a cluster that loses its quorum, and whose operators recover it. */
import { quorum } from '../../../../src/tiers/etcd/facts/quorum.ts'
import { next } from '../../../../src/tiers/etcd/plan/next.ts'
import { etcdNodes } from '../../../../src/spec/cluster.ts'
import { damage } from '../../damage.ts'
import { reboot, stop } from '../../etcd.ts'
import { LOSSES, happen, heal } from '../../events.ts'
import { hashOf } from '../../hash.ts'
import { operate as apply } from '../../operator.ts'
import { votersOf } from '../../raft.ts'
import { diskOf } from '../../world.ts'
import { established } from '../established.ts'
import { powerVerb } from '../power.ts'
import { type Outcome, type RunOptions, operate } from '../run.ts'
import { verbWorld } from '../world.ts'
import { requireClean, requireKept } from './judge.ts'
import { catchUp, damageLog, newLogs, write } from './logs.ts'
import { RECOVER, type RecoverDeciders, abandonVerb, recoverVerb } from './recover.ts'
import type { RecoveryAsk, RecoveryEvent, RecoveryLife, RecoveryRound } from './scenario.ts'
import { RecoveryViolation } from './violation.ts'
import { type RecoveryWorld, acknowledgedOn, dataOn } from './world.ts'

type Tell = (line: string) => void

interface Playing {
  readonly rw: RecoveryWorld
  readonly deciders: RecoverDeciders
  readonly tell: Tell
}

/** @returns how the rounds ended. @throws RecoveryViolation, VerbViolation, Violation */
export async function live(
  life: RecoveryLife,
  wrong: Partial<RecoverDeciders> = {},
  tell: Tell = () => undefined,
): Promise<readonly Outcome[]> {
  const { cluster, world } = await established(life.members)
  const vw = verbWorld(world, cluster)
  const rw: RecoveryWorld = {
    vw,
    logs: newLogs(),
    copies: new Map(),
    halted: new Set(),
    lost: new Set(),
    owed: undefined,
    had: new Map(),
    hadRevision: 0,
    survivor: undefined,
    doomed: false,
    newLost: false,
  }
  const playing: Playing = { rw, deciders: { ...RECOVER, ...wrong }, tell }
  for (const one of life.begins) befall(playing, one)
  const outcomes: Outcome[] = []
  for (const [index, round] of life.rounds.entries()) {
    for (const one of round.before) befall(playing, one)
    outcomes.push(await playRound(playing, round, hashOf(life, index)))
    if (round.heals) mend(playing)
  }
  await comeToRest(playing)
  return outcomes
}

async function playRound(playing: Playing, round: RecoveryRound, turn: number): Promise<Outcome> {
  const { rw } = playing
  const { vw } = rw
  const { moment, event } = round.during ?? {}
  const { second } = round
  let looked = 0
  const strike = () => {
    if (event === undefined) return
    befall(playing, event)
    vw.blind = true
  }
  vw.world.truth.skewed = false
  vw.world.watch.looked = () => {
    if (moment?.at === 'looked' && moment.after === looked) {
      strike()
      vw.world.truth.skewed = true
    }
    looked += 1
  }
  const outcome = await obey(playing, round.ask, {
    turn,
    interruption: round.interruption,
    shown: () => {
      if (moment?.at === 'shown') strike()
    },
    between: async (nth) => {
      const struck = moment?.at === 'piece' && moment.piece === nth
      if (struck) strike()
      if (second?.piece !== nth) return struck
      playing.tell(`    a second operator: ${JSON.stringify(second.ask)}`)
      const { blind } = vw
      const { skewed } = vw.world.truth
      await obey(playing, second.ask, { takesOver: second.takesOver, turn })
      // What the second one observed, the first one does not know.
      vw.blind ||= blind
      vw.world.truth.skewed ||= skewed
      return struck || second.takesOver
    },
  })
  vw.world.watch.looked = undefined
  return outcome
}

async function obey(playing: Playing, ask: RecoveryAsk, options: RunOptions): Promise<Outcome> {
  const { rw, deciders, tell } = playing
  const { vw, logs } = rw
  const names = etcdNodes(vw.cluster).map(({ name }) => name)
  tell(JSON.stringify(ask))
  const outcome = await run()
  tell(`  ${JSON.stringify(outcome)}`)
  return outcome

  async function run(): Promise<Outcome> {
    const told: RunOptions = {
      tell,
      ...options,
      between: async (nth) => {
        catchUp(vw, logs)
        return (await options.between?.(nth)) ?? false
      },
    }
    switch (ask.verb) {
      case 'recover': {
        const off = names.filter((name) => diskOf(vw.world, name).off)
        const survivor = ask.survivor === undefined ? undefined : names[ask.survivor % names.length]
        const lost = ask.declares ? off : [...rw.lost]
        return await operate(vw, deciders.verb(recoverVerb(rw, { survivor, lost }, deciders), rw), told)
      }
      case 'abandon': {
        const off = names.filter((name) => diskOf(vw.world, name).off)
        const lost = ask.declares ? off : []
        return await operate(vw, deciders.verb(abandonVerb(rw, lost, deciders), rw), told)
      }
      case 'start':
        return await operate(
          vw,
          powerVerb(vw, {
            cluster: vw.cluster,
            verb: 'start',
            hosts: names,
            force: true,
            skipUnstartable: true,
          }),
          told,
        )
    }
  }
}

function befall({ rw, tell }: Playing, event: RecoveryEvent): void {
  const { vw, logs } = rw
  const { nodes } = vw.cluster
  const { name = '' } = nodes[event.host % nodes.length] ?? {}
  tell(`${event.kind} on ${name}`)
  const { kind } = event
  if (kind === 'write' || kind === 'write-alone') {
    const before = new Set(logs.acknowledged)
    write(vw, logs, name, kind === 'write-alone')
    const since = [...logs.acknowledged].filter((one) => !before.has(one))
    if (rw.owed !== undefined) rw.owed = new Set([...rw.owed, ...since])
    return
  }
  if (kind === 'log-damaged') return harmLog(rw, name)
  if (kind === 'returns') {
    const disk = diskOf(vw.world, name)
    if (!disk.off) return
    disk.off = false
    reboot(vw.world, vw.cluster, disk)
    return
  }
  const { wal } = diskOf(vw.world, name)
  const joined = rw.owed !== undefined && wal !== undefined && wal.beginning !== rw.had.get(name)?.wal
  const before = dataOn(rw, name)
  happen(vw.world, vw.cluster, { kind, host: event.host })
  if (!(LOSSES as readonly string[]).includes(kind)) return
  rw.newLost ||= joined
  const [had, now] = [rw.had.get(name), dataOn(rw, name)]
  // Renamed data is not lost with it.
  for (const part of had === undefined ? [] : (['data', 'wal'] as const))
    if (had !== undefined && before[part] === had[part]) had[part] = now[part]
  // The data to keep is lost with it; the others have renamed theirs, or will.
  if (rw.owed !== undefined && name === rw.survivor) rw.doomed = true
}

/**
 * Damages the surviving member's log before anything is made from it: a recovery does not owe what can't be read any
 * more.
 */
function harmLog(rw: RecoveryWorld, name: string): void {
  const { vw, logs, copies, survivor } = rw
  const { data, wal } = diskOf(vw.world, name)
  if (data === undefined || wal === undefined) return
  damage(vw.world, name, 'log-damaged')
  damageLog(logs, wal)
  if (rw.owed === undefined) return
  const { data: made, kept } = copies.get(name) ?? {}
  if (name !== survivor || wal.beginning !== rw.had.get(name)?.wal) rw.newLost = true
  else if ((made ?? kept) === undefined) rw.owed = acknowledgedOn(rw, name)
}

/** Machines return, except those that were declared permanently down. */
function mend({ rw, tell }: Playing): void {
  const { world, cluster } = rw.vw
  tell('what lasted is mended')
  const disks = new Map([...world.disks].filter(([name]) => !rw.lost.has(name)))
  heal({ ...world, disks }, cluster)
  // One that returned nevertheless is turned off again, as quorate asks for.
  for (const name of rw.lost) {
    stop(diskOf(world, name))
    diskOf(world, name).off = true
  }
}

/**
 * Unfinished commands are completed, or rolled back if that is impossible; members are started, and the file is
 * applied.
 */
async function comeToRest(playing: Playing): Promise<void> {
  const { rw, tell } = playing
  const { vw } = rw
  // One that stays off keeps its marker.
  const isMarked = () =>
    etcdNodes(vw.cluster).some(
      ({ name }) => !rw.lost.has(name) && diskOf(vw.world, name).underway !== undefined,
    )
  const ask = { verb: 'recover', survivor: undefined, declares: true } as const
  vw.world.lock = undefined
  mend(playing)
  for (let count = 0; count < 3; count += 1) {
    const marked = isMarked()
    const outcome = await obey(playing, ask, {})
    if (isMarked() && (rw.doomed || isLost(rw) || isStranded(rw) || isLeftBehind(rw))) {
      const given = await obey(playing, { ...ask, verb: 'abandon' }, {})
      if (isMarked()) throw new RecoveryViolation('converges', JSON.stringify([outcome, given]))
      rw.doomed = false
    } else if (marked && outcome.kind !== 'done') {
      throw new RecoveryViolation('converges', JSON.stringify(outcome))
    }
    if (!isMarked()) await obey(playing, { ...ask, verb: 'start' }, {})
  }
  if (isMarked()) throw new RecoveryViolation('converges', 'it is marked still')
  requireClean(rw)
  requireKept(rw)
  write(vw, rw.logs, undefined, false)
  if (await comesBack(playing)) return
  const last = await apply(vw.world, { planner: next, cluster: vw.cluster, tell })
  tell(`  ${JSON.stringify(last)}`)
  // A person has to recreate members that lost their data.
  if (last.kind === 'done' || isLost(rw)) return
  throw new RecoveryViolation('converges', JSON.stringify(last))
}

/** A member that had joined the new cluster is permanently down, and the others can't form a quorum. */
function isStranded({ vw: { world }, survivor = '', lost }: RecoveryWorld): boolean {
  const raft = world.rafts.get(diskOf(world, survivor).data?.clusterId ?? '')
  const voters = raft === undefined ? [] : votersOf(raft)
  return voters.length > 0 && voters.filter(({ name }) => !lost.has(name)).length < quorum(voters.length)
}

/** The recovery was ended while a node was off, which has its marker still. */
function isLeftBehind({ vw: { world } }: RecoveryWorld): boolean {
  const survivors = [...world.disks.values()].flatMap(({ underway }) => underway?.all['survivor'] ?? [])
  return survivors.some((name) => !diskOf(world, name).off && diskOf(world, name).underway === undefined)
}

/**
 * Machines that were declared lost, and that the file still names: the marker on them is obsolete. @returns whether
 * there are any
 */
async function comesBack(playing: Playing): Promise<boolean> {
  const { vw, lost } = playing.rw
  const back = etcdNodes(vw.cluster).filter(({ name }) => lost.has(name))
  for (const { name } of back)
    befall(playing, { kind: 'returns', host: vw.cluster.nodes.findIndex((node) => node.name === name) })
  if (back.length > 0) await obey(playing, { verb: 'abandon', survivor: undefined, declares: false }, {})
  const marked = back.filter(({ name }) => diskOf(vw.world, name).underway !== undefined)
  if (marked.length > 0) throw new RecoveryViolation('converges', `${marked[0]?.name} is marked still`)
  return back.length > 0
}

/** A member's data is lost, with or without a cluster ID file; or it is damaged. */
function isLost({ vw: { world }, newLost }: RecoveryWorld): boolean {
  return world.truth.lost.size > 0 || newLost || [...world.disks.values()].some(({ wal }) => wal?.damaged)
}
