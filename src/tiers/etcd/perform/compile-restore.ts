/** The steps of a restore as the agent's operations. */
import { PATHS } from '../../../host/state.ts'
import type { RestoreStep } from '../steps/restore-steps.ts'
import { renderUnderway } from '../../../engine/underway.ts'
import type { HostStep } from '../steps/steps.ts'
import type { Operation } from '../../../host/operations.ts'

export function compileRestore(step: RestoreStep): readonly Operation[] {
  switch (step.kind) {
    case 'restore-stage': {
      const { token, suffix, sha256, source, members } = step.restore
      const mark = [token, suffix, sha256, source] as const
      const member = [step.dataDirectory, step.walDirectory, step.member, members, step.peerUrl] as const
      return [['restore_stage', { file: step.snapshotFile }, ...mark, ...member, ...step.options]]
    }
    case 'restore-halt':
      return [['file', { text: underwayText(step) }, PATHS.underway, 'root', 'root', '600'], ['restore_halt']]
    case 'restore-place': {
      const { token, suffix } = step.restore
      return [
        ['file', { text: step.pin }, PATHS.clusterId, 'root', 'root', '644'],
        ['file', { text: step.options }, PATHS.environment, 'root', 'etcd', '640'],
        ['restore_place', token, suffix, step.dataDirectory, step.walDirectory, step.former ?? '-'],
      ]
    }
    case 'restore-unchecked':
      return [['restore_unchecked', step.variable]]
    case 'restore-finish':
      return [['restore_finish']]
  }
}

/** Where a snapshot arrives: on the disk of the data, which has room for it. undefined: none of these sends one. */
export function incomingOf(steps: readonly HostStep[]): string | undefined {
  const stage = steps.find((step) => step.kind === 'restore-stage')
  return stage?.dataDirectory.slice(0, stage.dataDirectory.lastIndexOf('/'))
}

/** The command may be gone on with until the very end, when its other marks are gone. */
function underwayText({ command, restore }: Extract<RestoreStep, { kind: 'restore-halt' }>): string {
  const { token, suffix, sha256, members } = restore
  return renderUnderway('restore', command, { token, suffix, sha256, members })
}
