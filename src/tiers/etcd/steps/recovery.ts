/** What `recover` does before the planner takes over, in its order. How far it is stands on the survivor's machine. */
import type { StepKinds } from '../../../engine/step-registry.ts'
import type { StepCommon } from '../../../engine/step.ts'

export type RecoveryStep = StepCommon & {
  /**
   * `fence`: the machine marked, and etcd stopped, with the API servers and flannel that use it there. `copy`: a copy of the survivor's data becomes that of a new cluster,
   * beside it. `place`: the two exchanged. `begin`: the new cluster started, and verified. `clear`: what the others have
   * moved aside. `release`: what was stopped beside etcd is
   * started again, and the mark taken away.
   */
  readonly kind: 'fence' | 'copy' | 'place' | 'begin' | 'clear' | 'release'
  readonly host: string
}

export const RECOVERY: StepKinds<RecoveryStep> = {
  fence: { action: 'stop' },
  copy: { action: 'create' },
  place: { action: 'change' },
  begin: { action: 'start' },
  clear: { action: 'remove' },
  release: { action: 'start' },
}

/** Stages that are behind a recovery, by what its mark says. */
export const STAGES = ['fenced', 'copied', 'placed', 'serving', 'cleared'] as const
export type RecoveryStage = (typeof STAGES)[number]

export interface RecoverySteps {
  readonly survivor: string
  /** Other etcd nodes that can be reached. */
  readonly others: readonly string[]
  /** undefined: nothing was begun. */
  readonly stage: RecoveryStage | undefined
}

/** Those that are left. */
export function recoverySteps({ survivor, others, stage }: RecoverySteps): readonly RecoveryStep[] {
  const reached = stage === undefined ? -1 : STAGES.indexOf(stage)
  const all = [survivor, ...others]
  const step = (kind: RecoveryStep['kind'], host: string, what: string, why: string): RecoveryStep => ({
    kind,
    host,
    what,
    why,
    danger: 'membership',
  })
  const stages: readonly (readonly RecoveryStep[])[] = [
    all.map((host) =>
      step(
        'fence',
        host,
        'stop etcd.service, API servers and flannel',
        'nothing may change beneath the copy',
      ),
    ),
    [step('copy', survivor, 'make a new cluster of a copy of its data', 'its log is the one to go on from')],
    [step('place', survivor, 'put it in the place of its data, which is moved aside', 'the copy is whole')],
    [step('begin', survivor, 'start it as the only member, and verify it', 'the others join it')],
    others.map((host) =>
      step('clear', host, 'move the data of the old cluster aside', 'it joins the new one'),
    ),
  ]
  return [
    // The first mark says that fencing was begun, and not that it was done everywhere; it can be done twice.
    ...stages.slice(stage === 'fenced' ? 0 : reached + 1).flat(),
    ...[...others, survivor].map((host) =>
      step(
        'release',
        host,
        'start what was stopped beside etcd, take the mark away',
        'the cluster is whole again',
      ),
    ),
  ]
}
