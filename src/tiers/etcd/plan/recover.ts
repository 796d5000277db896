/** The next steps of a recovery, except those of apply's planner, by which the others join the new cluster. */
import { type RecoveryState, type RecoveryStep, predictRecovery } from '../steps/recovery.ts'

/** The next stage until the new cluster serves and others can join it; empty: they can. */
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

/**
 * The next stage once all have joined; empty: it is complete. The surviving member's marker is removed last: it
 * prevents a second start of the recovery.
 */
export function releaseSteps({
  survivor,
  others,
  released,
}: Pick<RecoveryState, 'survivor' | 'others' | 'released'>): readonly RecoveryStep[] {
  const left = others.filter((host) => !released.includes(host))
  if (left.length > 0) return left.map((host) => step('release', host))
  return released.includes(survivor) ? [] : [step('release', survivor)]
}

/** All remaining steps, in order; between the two parts the others join. */
export function recoverySteps(state: RecoveryState): readonly RecoveryStep[] {
  const rebuild = rebuildSteps(state)
  const wave = rebuild.length > 0 ? rebuild : releaseSteps(state)
  return wave.length === 0 ? [] : [...wave, ...recoverySteps(wave.reduce(predictRecovery, state))]
}

/** For all marked nodes, at once. */
export function takeBackSteps(marked: readonly string[]): readonly RecoveryStep[] {
  return marked.map((host) => step('take-back', host))
}

/** For all marked nodes, at once. */
export function endSteps(marked: readonly string[]): readonly RecoveryStep[] {
  return marked.map((host) => step('end', host))
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
