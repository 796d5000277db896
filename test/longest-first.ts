/** Starts the slowest files first, so that no single one is left at the end while the other workers are idle. */
import path from 'node:path'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/**
 * Files with machines that take longer than most, the slowest first; `script/test --list-slow` shows the present order.
 */
const LONGEST: Readonly<Record<string, readonly string[]>> = {
  kubernetes: ['rotate-ca', 'faults', 'bad-input', 'reset', 'cluster', 'forms', 'containerd'],
  lab: [
    'faults-roll',
    'members',
    'restore',
    'downgrade',
    'docs',
    'upkeep',
    'backup-schedule',
    'certs-rotate-homes',
    'attack-machine',
    'adopt',
    'adopt-static-pods',
    'adopt-layouts',
    'upgrade',
    'faults-members',
    'adopt-odd',
    'backup',
    'certs-rotate-ca',
    'reconfigure',
    'offline-ca',
    'plain-to-tls',
    'faults-cluster',
    'recover',
    'attack-etcd',
    'whose-is-it',
    'adopt-owners',
    'certs-renew',
    'faults-upkeep',
    'repair',
    'faults-first-apply',
    'faults-killed',
    'apply',
    'lock',
    'apply-shapes',
    'apply-drift',
    'export-import',
    'cli',
    'apply-pki',
    'attack-bucket',
  ],
}

export class LongestFirst extends BaseSequencer {
  /** Other files keep their order, after these; projects stay together. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files)
    return usual.toSorted((one, other) =>
      one.project.name === other.project.name ? rank(one) - rank(other) : 0,
    )
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const longest = LONGEST[project.name] ?? []
  const place = longest.indexOf(path.basename(moduleId, '.test.ts'))
  return place === -1 ? longest.length : place
}
