/** What the cluster says of itself in the course of etcd's own downgrade. */
import { minorIn } from '../../../etcd/minor.ts'
import type { ClusterFacts } from '../facts/observed.ts'
import type { DowngradeStep } from './steps.ts'

export function predictDowngrade(facts: ClusterFacts, { kind, target }: DowngradeStep): ClusterFacts {
  switch (kind) {
    case 'downgrade-enable':
      return { ...facts, downgrade: target }
    case 'downgrade-await': {
      const storage = Object.keys(facts.versions).map((name) => [name, target])
      return { ...facts, storage: Object.fromEntries(storage) }
    }
    case 'downgrade-cancel':
      return { ...facts, downgrade: undefined }
  }
}

/** etcd ends a downgrade by itself, once every member runs the older minor. */
export function endedDowngrade(facts: ClusterFacts): ClusterFacts {
  const minors = Object.values(facts.versions).map(minorIn)
  const ended = facts.downgrade !== undefined && minors.every((minor) => minor === facts.downgrade)
  return ended ? { ...facts, downgrade: undefined } : facts
}
