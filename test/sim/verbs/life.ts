/** Lives of a cluster whose operators have every verb, as data, and how they are played. */
import * as fc from 'fast-check'
import { PATHS } from '../../../src/host/state.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import { planReset } from '../../../src/tiers/etcd/plan/reset.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { type EventKind, happen, heal } from '../events.ts'
import { type Planner, operate as apply } from '../operator.ts'
import { hasQuorum } from '../raft.ts'
import { diskOf } from '../world.ts'
import { established } from './established.ts'
import { hashOf } from '../hash.ts'
import { POWER, type PowerDeciders, powerVerb } from './power.ts'
import { resetVerb } from './reset.ts'
import { type Interruption, type Outcome, type RunOptions, type SimVerb, operate } from './run.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, raftIn, verbWorld } from './world.ts'

const VERBS = ['apply', 'restart', 'stop', 'start', 'start-all', 'reset', 'reset-all', 'purge'] as const
const EVENTS = [
  'crash',
  'reboot',
  'stop',
  'paused',
  'cut-off',
  'mute',
  'silent',
  'unreachable',
  'machine-off',
  'slow',
  'wal-lost',
  'both-lost',
] as const satisfies readonly EventKind[]

export interface Ask {
  readonly verb: (typeof VERBS)[number]
  /** Which members, a bit each, counted around. */
  readonly who: number
  readonly force: boolean
}

export interface VerbEvent {
  readonly kind: (typeof EVENTS)[number]
  readonly host: number
}

/** When it happens: once the plan is shown; after so many machines were looked at; before a piece of the work. */
export type Moment =
  | { readonly at: 'shown' }
  | { readonly at: 'looked'; readonly after: number }
  | { readonly at: 'piece'; readonly piece: number }

export interface VerbRound {
  readonly before: readonly VerbEvent[]
  readonly ask: Ask
  readonly during: { readonly moment: Moment; readonly event: VerbEvent } | undefined
  readonly interruption: Interruption | undefined
  /** Another operator takes the lock over before this piece, or comes up against it. */
  readonly second: { readonly piece: number; readonly takesOver: boolean; readonly ask: Ask } | undefined
  /** Whatever lasts is ended before the next round. */
  readonly heals: boolean
}

export interface VerbLife {
  readonly members: number
  readonly rounds: readonly VerbRound[]
}

const host = fc.nat({ max: 4 })
const piece = fc.nat({ max: 12 })
const event = fc.record({ kind: fc.constantFrom(...EVENTS), host })
const ask = fc.record({ verb: fc.constantFrom(...VERBS), who: fc.nat({ max: 31 }), force: fc.boolean() })
const moment = fc.oneof(
  fc.constant({ at: 'shown' as const }),
  fc.record({ at: fc.constant('looked' as const), after: fc.nat({ max: 15 }) }),
  fc.record({ at: fc.constant('piece' as const), piece }),
)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

export const verbLife: fc.Arbitrary<VerbLife> = fc.record({
  members: fc.constantFrom(3, 3, 3, 1, 2, 5, 5),
  rounds: fc.array(
    fc.record({
      before: fc.array(event, { maxLength: 2 }),
      ask,
      during: sometimes(fc.record({ moment, event })),
      interruption: sometimes(
        fc.record({ at: piece, how: fc.constantFrom('dies' as const, 'loses' as const) }),
      ),
      second: sometimes(fc.record({ piece, takesOver: fc.boolean(), ask })),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  ),
})

/** What decides; for the test of the test something that is wrong on purpose. */
export interface Deciders {
  readonly power: PowerDeciders
  readonly reset: typeof planReset
  readonly apply: Planner
  /** Changes the whole verb. */
  readonly verb: <D>(verb: SimVerb<D>, vw: VerbWorld) => SimVerb<D>
  readonly lockless: boolean
}

const RIGHT: Deciders = {
  power: POWER,
  reset: planReset,
  apply: next,
  verb: (verb) => verb,
  lockless: false,
}

interface Playing {
  readonly vw: VerbWorld
  readonly deciders: Deciders
  readonly tell: (line: string) => void
}

/** @returns how the runs ended, the last one once all was well again. @throws VerbViolation */
export async function live(
  life: VerbLife,
  wrong: Partial<Deciders> = {},
  tell: (line: string) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const { cluster, world } = await established(life.members)
  const deciders = { ...RIGHT, ...wrong }
  const vw = verbWorld(world, cluster)
  const playing: Playing = { vw, deciders, tell }
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
      const other = await obey(playing, second.ask, { takesOver: second.takesOver, turn })
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
  const power = (word: 'restart' | 'stop' | 'start', all: readonly string[], whoever = false) =>
    powerVerb(vw, { cluster: vw.cluster, verb: word, hosts: all, force, whoever }, deciders.power)
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
    case 'reset-all':
    case 'purge':
      return await run(resetVerb(vw, nodes, verb === 'purge', deciders.reset))
  }
}

/** `apply` dies between its waves here; in the middle of them it does in its own lives. */
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
  happen(world, cluster, { kind, host: at })
}

/** Machines come back, and members that nobody stopped on purpose. */
function mend({ vw, tell }: Playing): void {
  tell('what lasted is mended')
  heal(vw.world, vw.cluster)
}

/** Nobody but who is asked for it starts a member that was stopped on purpose. */
function requireWanted({ world, kept }: VerbWorld, name: string): void {
  const { files, wal, enabled } = diskOf(world, name)
  if (!kept.has(name) || !files.has(PATHS.stopped) || wal === undefined || enabled) return
  throw new VerbViolation('stays-stopped', `${name} is started`)
}

/** What was begun is finished, all are started, and the file is applied. */
async function comeToRest(playing: Playing): Promise<Outcome> {
  const { vw } = playing
  vw.world.lock = undefined
  mend(playing)
  const half = isHalfReset(vw)
  if (half) await obey(playing, { verb: 'reset-all', who: 0, force: false }, {})
  if (vw.kept.size > 0) await obey(playing, { verb: 'start-all', who: 0, force: false }, {})
  let outcome: Outcome = { kind: 'died' }
  for (let count = 0; count < 4; count += 1) {
    outcome = await runApply(playing, {})
    playing.tell(`  ${JSON.stringify(outcome)}`)
    if (outcome.kind === 'done') return outcome
  }
  // What was lost a person has to see to.
  if (vw.world.truth.lost.size > 0 || vw.world.truth.excuse !== undefined) return outcome
  throw new VerbViolation('finishes', JSON.stringify(outcome))
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
