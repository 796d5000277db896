/** What a machine should be like after a step of a restore. */
import { type HostState, PATHS } from '../../../host/state.ts'
import type { Observed } from '../facts/observed.ts'
import type { RestoreStep } from './restore-steps.ts'
import type { Step } from './steps.ts'

export function isRestoreStep(step: Step): step is RestoreStep {
  return step.kind.startsWith('restore-')
}

export function predictRestore(observed: Observed, host: HostState, step: RestoreStep): Observed {
  const hosts = { ...observed.hosts, [host.name]: predictHost(host, step) }
  // Of the cluster that was nothing is left to say once a member's data is exchanged.
  return step.kind === 'restore-place' ? { ...observed, hosts, cluster: undefined } : { ...observed, hosts }
}

function predictHost(host: HostState, step: RestoreStep): HostState {
  switch (step.kind) {
    case 'restore-stage':
      return { ...host, restore: { ...step.restore, stage: 'staged', moved: [] } }
    case 'restore-halt':
      return {
        ...host,
        underway: { verb: 'restore', command: step.command, all: { ...step.restore, halted: 'yes' } },
      }
    case 'restore-place':
      return { ...host, ...placed(host, step) }
    case 'restore-unchecked':
      return host
    case 'restore-finish':
      return { ...host, underway: undefined, restore: undefined }
  }
}

function placed(
  { member, formerClusterIds = [] }: HostState,
  step: Extract<RestoreStep, { kind: 'restore-place' }>,
): Partial<HostState> {
  if (member === undefined) throw new TypeError(`${step.host} carries no etcd`)
  const file = { type: 'file', owner: 'root' } as const
  const own = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const
  return {
    restore: {
      ...step.restore,
      stage: 'placed',
      moved: step.aside.map((path) => `${path}.${step.restore.suffix}`),
    },
    formerClusterIds: step.former === undefined ? formerClusterIds : [...formerClusterIds, step.former],
    member: {
      ...member,
      dataPresent: true,
      walPresent: true,
      logIdentity: undefined,
      contents: { ...member.contents, [PATHS.clusterId]: step.pin, [PATHS.environment]: step.options },
      paths: {
        ...member.paths,
        [PATHS.clusterId]: { ...file, group: 'root', mode: '644' },
        [PATHS.environment]: { ...file, group: 'etcd', mode: '640' },
        [step.dataDirectory]: own,
        [step.walDirectory]: own,
      },
    },
  }
}
