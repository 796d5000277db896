/** Runs a life of a cluster whose operators use every command. */
import { PATHS } from '../../../src/host/state.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import { planReset } from '../../../src/tiers/etcd/plan/reset.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { nextRenewal } from '../../../src/verbs/certificates/decide-renewal.ts'
import { damage, isGood } from '../damage.ts'
import { happen, heal } from '../events.ts'
import { type Planner, operate as apply } from '../operator.ts'
import { hasQuorum } from '../raft.ts'
import { diskOf } from '../world.ts'
import { established } from './established.ts'
import { hashOf } from '../hash.ts'
import { LEADER, type LeaderDeciders, moveLeaderVerb } from './leader.ts'
import { POWER, type PowerDeciders, powerVerb } from './power.ts'
import { renewVerb } from './renew.ts'
import { REPAIR, type RepairDeciders, repairVerb } from './repair.ts'
import { finishRepairs, illIn } from './repaired.ts'
import { resetVerb } from './reset.ts'
import { RESTORE, type RestoreDeciders, restoreVerb } from './restore.ts'
import { type Outcome, type RunOptions, type SimVerb, operate } from './run.ts'
import type { Ask, VerbEvent, VerbLife, VerbRound } from './scenario.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, raftIn, verbWorld } from './world.ts'

/** The deciders; deliberately faulty ones for the test of the test. */
export interface Deciders {
  readonly power: PowerDeciders
  readonly reset: typeof planReset
  readonly restore: RestoreDeciders
  readonly renew: typeof nextRenewal
  readonly leader: LeaderDeciders
  readonly repair: RepairDeciders
  readonly apply: Planner
  /** Modifies the whole command. */
  readonly verb: <D>(verb: SimVerb<D>, vw: VerbWorld) => SimVerb<D>
  readonly lockless: boolean
  readonly markless: boolean
}

const RIGHT: Deciders = {
  power: POWER,
  reset: planReset,
  restore: RESTORE,
  renew: nextRenewal,
  leader: LEADER,
  repair: REPAIR,
  apply: next,
  verb: (verb) => verb,
  lockless: false,
  markless: false,
}

interface Playing {
  readonly vw: VerbWorld
  /** ID of the cluster that the backup is from. */
  readonly snapshotOf: string
  /** It contains data damage, and operators use `repair`. */
  readonly repairs: boolean
  readonly deciders: Deciders
  readonly tell: (line: string) => void
}

/** @returns how the runs ended, the last one after all faults were fixed. @throws VerbViolation */
export async function live(
  life: VerbLife,
  wrong: Partial<Deciders> = {},
  tell: (line: string) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const { cluster, world } = await established(life.members)
  const deciders = { ...RIGHT, ...wrong }
  const vw = verbWorld(world, cluster)
  const playing: Playing = {
    vw,
    deciders,
    tell,
    snapshotOf: raftIn(vw)?.id ?? '',
    repairs: life.repairs === true,
  }
  world.watch.starts = (name) => requireWanted(vw, name)
  const outcomes: Outcome[] = []
  for (const [index, round] of life.rounds.entries()) {
    for (const one of round.before) befall(playing, one)
    const outcome = await playRound(playing, round, hashOf(life, index))
    tell(`  ${JSON.stringify(outcome)}`)
    outcomes.push(outcome)
    if (round.heals) mend(playing)
  }
  return [...outcomes, await comeToRest(playing)]
}

async function playRound(playing: Playing, round: VerbRound, turn: number): Promise<Outcome> {
  const { vw } = playing
  const { during, second } = round
  let looked = 0
  const strike = () => {
    if (during === undefined) return
    befall(playing, during.event)
    vw.blind = true
  }
  vw.world.truth.skewed = false
  vw.world.watch.looked = () => {
    const at = during?.moment
    if (at?.at === 'looked' && at.after === looked) {
      strike()
      vw.world.truth.skewed = true
    }
    looked += 1
  }
  const options: RunOptions = {
    turn,
    interruption: round.interruption,
    lockless: playing.deciders.lockless,
    markless: playing.deciders.markless,
    tell: playing.tell,
    shown: () => {
      if (during?.moment.at === 'shown') strike()
    },
    between: async (nth) => {
      const at = during?.moment
      const struck = at?.at === 'piece' && at.piece === nth
      if (struck) strike()
      if (second?.piece !== nth) return struck
      playing.tell(`    a second operator: ${JSON.stringify(second.ask)}`)
      const { blind } = vw
      const { skewed } = vw.world.truth
      const other = await obey(playing, second.ask, { takesOver: second.takesOver, turn })
      // What the second one observed, the first one does not know.
      vw.blind ||= blind
      vw.world.truth.skewed ||= skewed
      playing.tell(`    who ends with ${JSON.stringify(other)}`)
      return struck || second.takesOver
    },
  }
  const outcome = await obey(playing, round.ask, options)
  vw.world.watch.looked = undefined
  return outcome
}

async function obey(playing: Playing, { verb, who, force }: Ask, options: RunOptions): Promise<Outcome> {
  const { vw, deciders, tell } = playing
  const nodes = etcdNodes(vw.cluster)
  const hosts = nodes.filter((_, index) => ((who >> index) & 1) === 1).map(({ name }) => name)
  const chosen = hosts.length > 0 ? hosts : nodes.slice(0, 1).map(({ name }) => name)
  tell(`${verb} ${chosen.join(' ')}${force ? ' --force' : ''}`)
  const run = async <D>(one: SimVerb<D>) => await operate(vw, deciders.verb(one, vw), options)
  const power = (word: 'restart' | 'stop' | 'start', all: readonly string[], skipUnstartable = false) =>
    powerVerb(vw, { cluster: vw.cluster, verb: word, hosts: all, force, skipUnstartable }, deciders.power)
  switch (verb) {
    case 'apply':
      return await runApply(playing, options)
    case 'restart':
    case 'stop':
    case 'start':
      return await run(power(verb, chosen))
    case 'start-all':
      return await run(
        power(
          'start',
          nodes.map(({ name }) => name),
          true,
        ),
      )
    case 'reset':
      return await run(
        resetVerb(
          vw,
          nodes.filter(({ name }) => name === chosen[0]),
          false,
          deciders.reset,
        ),
      )
    case 'restore':
      return await run(
        restoreVerb(vw, { clusterId: playing.snapshotOf, otherCluster: force }, deciders.restore),
      )
    case 'repair':
      // An operator may know where it is needed.
      return await run(repairVerb(vw, (force ? illIn(vw)[0] : undefined) ?? chosen[0] ?? '', deciders.repair))
    case 'move-leader':
      return await run(moveLeaderVerb(vw, force ? undefined : chosen[0], deciders.leader))
    case 'renew':
      return await run(renewVerb(vw, force, deciders.renew))
    case 'reset-all':
    case 'purge':
      return await run(resetVerb(vw, nodes, verb === 'purge', deciders.reset))
  }
}

/** In these lives `apply` dies only between its stages; other lives cover the middle of them. */
async function runApply({ vw, deciders, tell }: Playing, options: RunOptions): Promise<Outcome> {
  const { interruption, takesOver, between } = options
  const cuts = [0, 0, 0, 0, 0, 0]
  const outcome = await apply(
    vw.world,
    {
      planner: deciders.apply,
      cluster: vw.cluster,
      interruption: interruption && { wave: interruption.at, how: interruption.how, cuts },
      takesOver,
      tell,
    },
    async (wave) => (await between?.(wave)) === true,
  )
  return outcome.kind === 'done' ? { kind: 'done', pieces: outcome.steps } : outcome
}

function befall({ vw, tell }: Playing, { kind, host: at }: VerbEvent): void {
  const { world, cluster } = vw
  tell(`${kind} on ${cluster.nodes[at % cluster.nodes.length]?.name}`)
  if (kind === 'log-damaged' || kind === 'contents-differ') {
    const nodes = etcdNodes(cluster)
    return damage(world, nodes[at % nodes.length]?.name ?? '', kind)
  }
  if (kind !== 'years-pass') return happen(world, cluster, { kind, host: at })
  for (const { tls } of world.disks.values())
    for (const certificate of tls.certificates.values()) certificate.expired = true
}

/** Machines return, and members that were not stopped on purpose start. */
function mend({ vw, tell }: Playing): void {
  tell('what lasted is mended')
  const corrupt = raftIn(vw)?.alarms.has('CORRUPT') === true
  heal(vw.world, vw.cluster)
  // The cause of the alarm still exists.
  if (corrupt) raftIn(vw)?.alarms.add('CORRUPT')
}

/** A member that was stopped on purpose is only started on request. */
function requireWanted({ world, kept }: VerbWorld, name: string): void {
  const { files, wal, enabled } = diskOf(world, name)
  if (!kept.has(name) || !files.has(PATHS.stopped) || wal === undefined || enabled) return
  throw new VerbViolation('stays-stopped', `${name} is started`)
}

function report({ tell }: Playing, outcome: Outcome): void {
  tell(`  ${JSON.stringify(outcome)}`)
}

/** Unfinished commands are completed, all members are started, and the file is applied. */
async function comeToRest(playing: Playing): Promise<Outcome> {
  const { vw } = playing
  vw.world.lock = undefined
  mend(playing)
  await finishRestore(playing)
  const half = isHalfReset(vw)
  if (half) await obey(playing, { verb: 'reset-all', who: 0, force: false }, {})
  const stopped = etcdNodes(vw.cluster).some(({ name }) => diskOf(vw.world, name).files.has(PATHS.stopped))
  // Whether data is good is only known after a start.
  if (stopped || playing.repairs) await obey(playing, { verb: 'start-all', who: 0, force: false }, {})
  if (playing.repairs) {
    const repair = async (name: string) => {
      const who = 1 << etcdNodes(vw.cluster).findIndex((one) => one.name === name)
      const again = await obey(playing, { verb: 'repair', who, force: false }, {})
      report(playing, again)
      return again
    }
    await finishRepairs(vw, repair)
  }
  let outcome: Outcome = { kind: 'died' }
  for (let count = 0; count < 4; count += 1) {
    outcome = await runApply(playing, {})
    playing.tell(`  ${JSON.stringify(outcome)}`)
    if (outcome.kind === 'done') return outcome
  }
  // Too many to be recreated from the rest.
  if (etcdNodes(vw.cluster).some(({ name }) => !isGood(diskOf(vw.world, name)))) return outcome
  // A person has to deal with lost data.
  if (vw.world.truth.lost.size > 0 || vw.world.truth.excuse !== undefined) return outcome
  throw new VerbViolation('finishes', JSON.stringify(outcome))
}

/** The command in the markers, which every other command waits for. */
async function finishRestore(playing: Playing): Promise<void> {
  const { vw } = playing
  const isMarked = () =>
    etcdNodes(vw.cluster).some(({ name }) => diskOf(vw.world, name).underway !== undefined)
  for (let count = 0; isMarked(); count += 1) {
    const again = await obey(playing, { verb: 'restore', who: 0, force: true }, {})
    report(playing, again)
    if (count === 3) throw new VerbViolation('finishes', JSON.stringify(again))
  }
}

/** Some machines were reset, others were not. */
function isHalfReset(vw: VerbWorld): boolean {
  const raft = raftIn(vw)
  if (raft === undefined) return false
  const gone = etcdNodes(vw.cluster).filter(({ name }) => {
    const { data, wal, files } = diskOf(vw.world, name)
    return (
      (data === undefined || wal === undefined || !files.has(PATHS.unit)) && !vw.world.truth.lost.has(name)
    )
  })
  return gone.length > 0 || (!hasQuorum(vw.world, raft) && gone.length > 0)
}
