/**
 * What `recover` does beside what the planner of apply does, as data: which step is next, and what is so after it. How far it is
 * stands on the survivor's machine.
 */
import type { StepKind } from '../../../engine/step-registry.ts'
import type { EngineStep, StepCommon } from '../../../engine/step.ts'
import { PATHS } from '../../../host/state.ts'
import type { Piece, SimulatedRecovery } from './simulated.ts'

export type RecoveryStep = StepCommon & {
  /**
   * `fence`: the machine marked, and etcd stopped, with the API servers and flannel that use it there. `copy`: a copy of the
   * survivor's data becomes that of a new cluster, beside it. `place`: the two exchanged. `begin`: the new cluster started,
   * and verified. `clear`: what the others have moved aside. `release`: what was stopped beside etcd is started again, and the
   * mark taken away. `take-back`: the recovery is given up: copies go, what was moved aside is put back, and the same. `end`: it
   * is given up, and the new cluster stays.
   */
  readonly kind: 'fence' | 'copy' | 'place' | 'begin' | 'clear' | 'release' | 'take-back' | 'end'
  readonly host: string
}

export interface RecoveryKind extends StepKind<RecoveryStep> {
  /** What it really does to a machine of the simulation, cut into the pieces between which a tool can die. */
  simulate(machine: SimulatedRecovery): readonly Piece[]
}

export const RECOVERY: Readonly<Record<RecoveryStep['kind'], RecoveryKind>> = {
  fence: {
    action: 'stop',
    simulate: (machine) => [
      () => machine.mark(),
      () => machine.haltClients(),
      () => machine.disable(),
      () => machine.stop(),
    ],
  },

  copy: {
    action: 'create',
    simulate: (machine) => [
      () => machine.dropCopies(),
      () => machine.copyData(),
      () => machine.makeCluster(),
      () => machine.mark('copied'),
    ],
  },

  place: {
    action: 'change',
    simulate: (machine) => [
      () => machine.mark('placing'),
      () => machine.noteFormer(),
      () => machine.makeWay('data'),
      () => machine.exchange('data'),
      () => machine.makeWay('wal'),
      () => machine.exchange('wal'),
      () => machine.mark('placed'),
    ],
  },

  begin: {
    action: 'start',
    simulate: (machine) => [
      () => machine.writeAlone(PATHS.clusterId),
      () => machine.writeAlone(PATHS.environment),
      () => machine.writeAlone(PATHS.unit),
      () => machine.reload(),
      () => machine.enable(),
      () => machine.start(),
      () => machine.requireMade(),
      () => machine.mark('serving'),
    ],
  },

  clear: {
    action: 'remove',
    simulate: (machine) => [
      () => machine.moveAside('wal'),
      () => machine.moveAside('data'),
      () => machine.moveAside('pin'),
    ],
  },

  release: {
    action: 'start',
    simulate: (machine) => [() => machine.resumeClients(), () => machine.unmark()],
  },

  'take-back': {
    action: 'start',
    simulate: (machine) => [
      () => machine.restIfMoved(),
      () => machine.putBack('data'),
      () => machine.putBack('wal'),
      () => machine.putBack('pin'),
      () => machine.dropCopies(),
      () => machine.resumeClients(),
      () => machine.unmark(),
    ],
  },

  end: {
    action: 'start',
    simulate: (machine) => [() => machine.resumeClients(), () => machine.unmark()],
  },
}

/** How far a recovery is, by what its mark says: what is behind it; but `placing`, which may be half done. */
export const MILESTONES = ['fenced', 'copied', 'placing', 'placed', 'serving', 'cleared'] as const
export type RecoveryMilestone = (typeof MILESTONES)[number]

/** Not what the planner of apply does in it. */
export function isRecoveryStep(one: EngineStep): one is RecoveryStep {
  return Object.hasOwn(RECOVERY, one.kind)
}

/** Whose recovery it is, how far, and what of it this run has done that no machine needs to show. */
export interface RecoveryState {
  readonly survivor: string
  /** Other etcd nodes that can be reached. */
  readonly others: readonly string[]
  /** As the survivor's mark says; undefined: nothing was begun. */
  readonly reached: RecoveryMilestone | undefined
  /** Names of machines; a mark says that fencing was begun, and not that it was done everywhere. It can be done twice. */
  readonly fenced: readonly string[]
  readonly cleared: readonly string[]
  readonly released: readonly string[]
}

/** The next wave until the new cluster serves and others can join it; empty: they can. */
export function rebuildSteps({
  survivor,
  others,
  reached,
  fenced,
  cleared,
}: Omit<RecoveryState, 'released'>): readonly RecoveryStep[] {
  switch (reached) {
    case undefined:
    case 'fenced': {
      const left = [survivor, ...others].filter((host) => !fenced.includes(host))
      if (left.length > 0) return left.map((host) => step('fence', host))
      return [step('copy', survivor)]
    }
    case 'copied':
    case 'placing':
      return [step('place', survivor)]
    case 'placed':
      return [step('begin', survivor)]
    case 'serving':
      return others.filter((host) => !cleared.includes(host)).map((host) => step('clear', host))
    case 'cleared':
      return []
  }
}

/** The next wave once all have joined; empty: it is over. The survivor's mark goes last: it says that nothing is to be begun anew. */
export function releaseSteps({
  survivor,
  others,
  released,
}: Pick<RecoveryState, 'survivor' | 'others' | 'released'>): readonly RecoveryStep[] {
  const left = others.filter((host) => !released.includes(host))
  if (left.length > 0) return left.map((host) => step('release', host))
  return released.includes(survivor) ? [] : [step('release', survivor)]
}

/** All that are left, in their order; between the two parts the others join. */
export function recoverySteps(state: RecoveryState): readonly RecoveryStep[] {
  const rebuild = rebuildSteps(state)
  const wave = rebuild.length > 0 ? rebuild : releaseSteps(state)
  return wave.length === 0 ? [] : [...wave, ...recoverySteps(wave.reduce(predictRecovery, state))]
}

/** Of all machines that are marked, at once. */
export function takeBackSteps(marked: readonly string[]): readonly RecoveryStep[] {
  return marked.map((host) => step('take-back', host))
}

/** Of all machines that are marked, at once. */
export function endSteps(marked: readonly string[]): readonly RecoveryStep[] {
  return marked.map((host) => step('end', host))
}

export function predictRecovery<S extends RecoveryState>(state: S, { kind, host }: RecoveryStep): S {
  switch (kind) {
    case 'fence':
      return { ...state, reached: 'fenced', fenced: [...state.fenced, host] }
    case 'copy':
      return { ...state, reached: 'copied' }
    case 'place':
      return { ...state, reached: 'placed' }
    case 'begin':
      return { ...state, reached: 'serving' }
    case 'clear': {
      const cleared = [...state.cleared, host]
      const all = state.others.every((other) => cleared.includes(other))
      return { ...state, cleared, reached: all ? 'cleared' : state.reached }
    }
    case 'release':
      return { ...state, released: [...state.released, host] }
    case 'take-back':
    case 'end':
      return { ...state, reached: undefined, fenced: [] }
  }
}

const WORDS: Readonly<Record<RecoveryStep['kind'], readonly [what: string, why: string]>> = {
  fence: ['stop etcd.service, API servers and flannel', 'data must not change while it is copied'],
  copy: ['make a new cluster from a copy of its data', 'its data is the one to recover from'],
  place: ['put the copy in place of its data, which is renamed', 'the copy is complete'],
  begin: ['start it as the only member, and verify it', 'the other members join it'],
  clear: ['rename the data of the old cluster', 'the node joins the new cluster'],
  release: ['start API servers and flannel again, remove the marker', 'the cluster is complete again'],
  'take-back': [
    'remove the copy, put the old data back, start API servers and flannel again, remove the marker',
    'the recovery is abandoned',
  ],
  end: [
    'start API servers and flannel again, remove the marker',
    'the recovery is abandoned, and the new cluster stays',
  ],
}

function step(kind: RecoveryStep['kind'], host: string): RecoveryStep {
  const [what, why] = WORDS[kind]
  return { kind, host, what, why, danger: kind === 'end' ? 'none' : 'membership' }
}
