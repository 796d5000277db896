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
      const snapshot = { file: step.snapshotFile }
      const member = { ...placesOf(step), name: step.member, members, peers: step.peerUrl }
      const { options } = step
      return [['restore_stage', { snapshot, token, suffix, sha256, source, ...member, options }]]
    }
    case 'restore-halt':
      return [
        [
          'file',
          {
            content: { text: underwayText(step) },
            path: PATHS.underway,
            owner: 'root',
            group: 'root',
            mode: '600',
          },
        ],
        ['restore_halt'],
      ]
    case 'restore-place': {
      const { token, suffix } = step.restore
      return [
        [
          'file',
          { content: { text: step.pin }, path: PATHS.clusterId, owner: 'root', group: 'root', mode: '644' },
        ],
        [
          'file',
          {
            content: { text: step.options },
            path: PATHS.environment,
            owner: 'root',
            group: 'etcd',
            mode: '640',
          },
        ],
        ['restore_place', { token, suffix, ...placesOf(step), former: step.former }],
      ]
    }
    case 'restore-unchecked':
      return [['restore_unchecked', { variable: step.variable }]]
    case 'restore-finish':
      return [['restore_finish']]
  }
}

function placesOf(step: { readonly dataDirectory: string; readonly walDirectory: string }) {
  return { data: step.dataDirectory, wal: step.walDirectory }
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
