/** A life of a cluster that runs out of space, as data, and the requests in it. */
import * as fc from 'fast-check'
import { sampleCluster, sampleNode } from '../../../src/etcd/sample.ts'
import { DEFRAG_RULE } from '../../../src/etcd/space.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import type { SpaceFacts } from '../../../src/tiers/etcd/steps/space.ts'
import { DISARM } from '../../../src/verbs/space/alarms.ts'
import { compactVerb } from '../../../src/verbs/space/compact.ts'
import { defragVerb } from '../../../src/verbs/space/defrag.ts'
import type { SpaceVerb } from '../../../src/verbs/space/run.ts'
import { RECLAIM } from '../../../src/verbs/space/reclaim.ts'
import { start } from '../etcd.ts'
import { happen, heal } from '../events.ts'
import { operate as apply } from '../operator.ts'
import { makeWorld, raftOf } from '../world.ts'
import type { Agreed } from './model.ts'
import { type Interruption, type Moments, type Outcome, operate } from './operate.ts'
import { SpaceViolation } from './violation.ts'
import { MIB, QUOTA, type SpaceWorld, answering, clientsWrite, look, passTime, spaceWorld } from './world.ts'

const VERBS = ['reclaim', 'reclaim', 'defrag', 'defrag-all', 'compact', 'disarm'] as const
const EVENTS = [
  'crash',
  'reboot',
  'paused',
  'cut-off',
  'deaf',
  'mute',
  'silent',
  'unreachable',
  'machine-off',
  'slow',
  'corrupt',
  'write',
  'fill',
  'live',
  'delete',
  'time',
] as const

export interface SpaceEvent {
  readonly kind: (typeof EVENTS)[number]
  readonly host: number
}

/** When it happens: between two runs, after the preview, while members are asked one by one, after a stage. */
type Moment =
  | { readonly at: 'shown' }
  | { readonly at: 'looking'; readonly look: number; readonly asked: number }
  | { readonly at: 'wave'; readonly wave: number }

export interface SpaceRound {
  readonly before: readonly SpaceEvent[]
  readonly verb: (typeof VERBS)[number]
  readonly during: { readonly moment: Moment; readonly event: SpaceEvent } | undefined
  readonly interruption: Interruption | undefined
  /** Another operator takes the lock over after this stage, and does this. */
  readonly second: { readonly wave: number; readonly verb: (typeof VERBS)[number] } | undefined
  /** Lasting faults end before the next round. */
  readonly heals: boolean
}

export interface SpaceLife {
  readonly members: number
  readonly rounds: readonly SpaceRound[]
}

const host = fc.nat({ max: 4 })
const wave = fc.nat({ max: 5 })
const event = fc.record({
  kind: fc.oneof(
    fc.constantFrom(...EVENTS),
    fc.constantFrom('write' as const, 'fill' as const, 'fill' as const, 'live' as const),
  ),
  host,
})
const anyVerb = fc.constantFrom(...VERBS)
const moment = fc.oneof(
  fc.constant({ at: 'shown' as const }),
  fc.record({ at: fc.constant('looking' as const), look: fc.integer({ min: 1, max: 6 }), asked: host }),
  fc.record({ at: fc.constant('wave' as const), wave }),
)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

export const spaceLife: fc.Arbitrary<SpaceLife> = fc.record({
  members: fc.constantFrom(3, 3, 3, 1, 2, 5),
  rounds: fc.array(
    fc.record({
      before: fc.array(event, { maxLength: 4 }),
      verb: anyVerb,
      during: sometimes(fc.record({ moment, event })),
      interruption: sometimes(
        fc.record({
          wave,
          how: fc.constantFrom('dies' as const, 'loses' as const),
          cut: fc.constantFrom(0, 300, 500, 700, 1000),
        }),
      ),
      second: fc.option(fc.record({ wave, verb: anyVerb }), { nil: undefined, freq: 3 }),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  ),
})

/** For the test of the test: a deliberately faulty command, or an operator who ignores the lock. */
export interface Broken {
  readonly verb?: <F extends SpaceFacts>(verb: SpaceVerb<F>) => SpaceVerb<F>
  readonly lockless?: boolean
}

/** @returns how the runs ended, the last one after all faults were fixed. @throws SpaceViolation */
export async function live({ members, rounds }: SpaceLife, broken: Broken = {}): Promise<readonly Outcome[]> {
  const nodes = Array.from({ length: members }, (_, index) =>
    sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`),
  )
  const cluster: Cluster = { ...sampleCluster({ version: '3.5.35' }), nodes }
  const world = makeWorld(nodes, true)
  const made = await apply(world, { planner: next, cluster })
  if (made.kind !== 'done') throw new TypeError(JSON.stringify(made))
  const space = spaceWorld(world, cluster)
  const outcomes: Outcome[] = []
  for (const round of rounds) {
    for (const one of round.before) befall(space, one)
    outcomes.push(await play(space, round, broken))
    if (round.heals) recover(space)
  }
  recover(space)
  const rest = await ask(space, 'reclaim', broken)
  if (rest.kind !== 'done' && rest.kind !== 'blocked')
    throw new SpaceViolation('finishes', JSON.stringify(rest))
  const hopeless = space.live + 2 * MIB > QUOTA
  if (rest.kind === 'blocked' && !hopeless) throw new SpaceViolation('finishes', JSON.stringify(rest))
  return [...outcomes, rest]
}

async function play(space: SpaceWorld, round: SpaceRound, broken: Broken): Promise<Outcome> {
  const { during, second, interruption } = round
  const strike = () => {
    if (during === undefined) return
    befall(space, during.event)
    space.blind = true
  }
  const moments: Moments = {
    shown: () => {
      if (during?.moment.at === 'shown') strike()
    },
    looking: (nth, asked) => {
      const at = during?.moment
      if (at?.at === 'looking' && at.look === nth && at.asked === asked) strike()
    },
    wave: async (nth) => {
      const struck = during?.moment.at === 'wave' && during.moment.wave === nth
      if (struck) strike()
      // It was observed since.
      space.blind = false
      if (second?.wave !== nth) return struck
      await ask(space, second.verb, broken, { takesOver: true })
      return true
    },
  }
  return await ask(space, round.verb, broken, { interruption, moments })
}

async function ask(
  space: SpaceWorld,
  name: SpaceRound['verb'],
  broken: Broken,
  options: {
    readonly takesOver?: boolean
    readonly interruption?: Interruption | undefined
    readonly moments?: Moments
  } = {},
): Promise<Outcome> {
  const all = name === 'defrag-all'
  const verbs: Readonly<Record<SpaceRound['verb'], () => Promise<Outcome>>> = {
    reclaim: async () => await run(RECLAIM, Infinity),
    defrag: async () => await run(defragVerb({ hosts: undefined, all, rule: DEFRAG_RULE_SMALL }), 0),
    'defrag-all': async () => await run(defragVerb({ hosts: undefined, all, rule: DEFRAG_RULE_SMALL }), 0),
    compact: async () => {
      const revision = Math.max(0, space.revision - 100)
      return await run(compactVerb(revision, revision <= space.oldest), revision)
    },
    disarm: async () => await run(DISARM, 0),
  }
  const run = async <F extends SpaceFacts>(verb: SpaceVerb<F>, revision: number): Promise<Outcome> => {
    const jammed = name === 'reclaim'
    const agreed = (): Omit<Agreed, 'members'> => ({ revision, all, jammed })
    const wrong = broken.verb?.(verb) ?? verb
    const before = new Set(space.busy)
    const outcome = await operate(space, {
      verb: wrong,
      agreed,
      ...options,
      lockless: broken.lockless === true,
    })
    if (outcome.kind === 'done' && !space.blind && outcome.steps > 0 && options.moments === undefined)
      checkDone(space, name, before)
    return outcome
  }
  return await verbs[name]()
}

const DEFRAG_RULE_SMALL = { ...DEFRAG_RULE, bytes: 2 * MIB }

/** @param before names of members that an earlier run had left to defragment: this one doesn't wait for them */
function checkDone(space: SpaceWorld, name: SpaceRound['verb'], before: ReadonlySet<string>): void {
  const wrong = (what: string) => new SpaceViolation('done-is-done', `${name}: ${what}`)
  const busy = [...space.busy].filter((member) => !before.has(member))
  if (busy.length > 0) throw wrong(`${busy.join()} stand still`)
  if ((name === 'reclaim' || name === 'disarm') && space.full.size > 0) throw wrong('NOSPACE is raised')
  if (name === 'reclaim' && space.proven === 0) throw wrong('nothing was written')
  if (name !== 'defrag') return
  const chosen = defragVerb({ hosts: undefined, all: false, rule: DEFRAG_RULE_SMALL }).begin(
    look(space),
  ).chosen
  if (chosen.length > 0) throw wrong(`${chosen.join()} still has room to give back`)
}

function befall(space: SpaceWorld, { kind, host: at }: SpaceEvent): void {
  const { world, cluster } = space
  switch (kind) {
    case 'write':
      return clientsWrite(space, 20 * MIB, 'history')
    case 'fill':
      return clientsWrite(space, 2 * QUOTA, 'history')
    case 'live':
      return clientsWrite(space, 30 * MIB, 'live')
    case 'delete':
      // Deleted keys count as history until it is compacted.
      space.history += answering(space).length > 0 ? space.live / 2 : 0
      space.live -= answering(space).length > 0 ? space.live / 2 : 0
      return
    case 'time':
      return passTime(space)
    default:
      happen(world, cluster, { kind, host: at })
  }
}

/** Machines return, members are started, and damaged contents are repaired. */
function recover(space: SpaceWorld): void {
  const { world, cluster } = space
  heal(world, cluster)
  for (const disk of world.disks.values())
    if (disk.process === undefined) start(world, cluster, disk, 'systemd')
  passTime(space)
  passTime(space)
  if (raftOf(world) === undefined) throw new TypeError('there is no cluster any more')
}
