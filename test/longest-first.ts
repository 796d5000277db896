/** Starts the files that take longest first, so that no single one is left at the end while the other workers are idle. */
import path from 'node:path'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** Files of the lab that take longer than most, the longest first; `script/test --list-slow` shows what has changed. */
const LONGEST: readonly string[] = [
  'faults-roll',
  'members',
  'faults-members',
  'certs-rotate-homes',
  'apply-pki',
  'reconfigure',
  'docs',
  'faults-killed',
  'recover',
  'offline-ca',
  'certs-rotate-ca',
  'plain-to-tls',
  'repair',
  'faults-operators',
  'apply-drift',
  'reconfigure-killed',
  'upgrade',
  'apply',
  'faults-upkeep',
  'faults-first-apply',
  'apply-shapes',
  'faults-cluster',
  'upkeep',
  'restore',
  'adopt',
  'backup-schedule',
  'backup',
  'certs-renew',
]

export class LongestFirst extends BaseSequencer {
  /** Files that are not named keep their order, behind those that are; projects stay together. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files)
    return usual.toSorted((one, other) =>
      one.project.name === 'lab' && other.project.name === 'lab' ? rank(one) - rank(other) : 0,
    )
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = LONGEST.indexOf(path.basename(moduleId, '.test.ts'))
  return place === -1 ? LONGEST.length : place
}
