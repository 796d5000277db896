/** What restoring a snapshot does to a node, as data. */
import type { EngineStep, HostStepCommon } from '../../../engine/step.ts'
import { renderUnderway } from '../../../engine/underway.ts'
import { type HostState, PATHS } from '../../../host/state.ts'
import { type HostKinds, type Predict, ofHost } from './kind.ts'

/** Identifies the restore that a step belongs to, and is compared with the markers on the nodes. */
export interface RestoreIdentity {
  readonly token: string
  /** The suffix of renamed files: `before-restore-20260730T101112Z`. */
  readonly suffix: string
  /** Hex, of the snapshot. */
  readonly sha256: string
  /** The snapshot's description, on one line. */
  readonly source: string
  /** The value of etcd's --initial-cluster. */
  readonly members: string
}

export type RestoreStep =
  /** Copies the snapshot to the node, and creates data and WAL from it next to the current ones. */
  | (HostStepCommon & {
      readonly kind: 'restore-stage'
      readonly restore: RestoreIdentity
      /** Absolute path on the workstation. */
      readonly snapshotFile: string
      readonly sizeBytes: number
      readonly dataDirectory: string
      readonly walDirectory: string
      /** The member's name, for etcd's --name. */
      readonly member: string
      /** The value of etcd's --initial-advertise-peer-urls. */
      readonly peerUrl: string
      /** More options of `etcdutl snapshot restore`. */
      readonly options: readonly string[]
    })
  /** From here on, other commands refuse; known clients of etcd are recorded and stopped. */
  | (HostStepCommon & {
      readonly kind: 'restore-halt'
      readonly restore: RestoreIdentity
      readonly command: string
    })
  /** Renames the current data, puts the restored data in its place, and writes settings for the new cluster. */
  | (HostStepCommon & {
      readonly kind: 'restore-place'
      readonly restore: RestoreIdentity
      readonly dataDirectory: string
      readonly walDirectory: string
      /** Paths of existing data, which are renamed. */
      readonly aside: readonly string[]
      /** The current cluster ID in the member's cluster ID file. */
      readonly former: string | undefined
      /** The complete content. */
      readonly pin: string
      readonly options: string
    })
  /** The next start leaves out a variable of the member's settings; later processes have it again. */
  | (HostStepCommon & { readonly kind: 'restore-unchecked'; readonly variable: string })
  /** Starts again what was stopped; allows other commands again. */
  | (HostStepCommon & { readonly kind: 'restore-finish' })

type Kind<K extends RestoreStep['kind']> = Extract<RestoreStep, { readonly kind: K }>

export const RESTORE: HostKinds<RestoreStep> = {
  'restore-stage': {
    action: 'create',
    predict: ofHost((_host, { restore }) => ({ restore: { ...restore, reached: 'staged', moved: [] } })),
    operations: (step) => {
      const { token, suffix, sha256, source, members } = step.restore
      const snapshot = { file: step.snapshotFile }
      const member = { ...placesOf(step), name: step.member, members, peers: step.peerUrl }
      const { options } = step
      return [['restore_unpack', { snapshot, token, suffix, sha256, source, ...member, options }]]
    },
    simulate: (machine, { restore, peerUrl }) => [
      () => machine.dropRestored(),
      () => machine.makeRestored(restore, peerUrl),
      () => machine.noteRestored(restore, 'staged'),
    ],
  },

  'restore-halt': {
    action: 'stop',
    predict: ofHost((_host, { restore, command }) => ({
      underway: { verb: 'restore', command, all: { ...restore, halted: 'yes' } },
    })),
    operations: (step) => [
      ['file', { content: { text: underwayText(step) }, path: PATHS.underway, ...ROOTS, mode: '600' }],
      ['restore_halt'],
    ],
    simulate: (machine, { restore, command }) => [
      () => machine.keepAway(command, { ...restore }),
      () => machine.keepAway(command, { ...restore, halted: 'yes' }),
    ],
  },

  'restore-place': {
    action: 'change',
    // Once a member's data is replaced, the previous cluster's facts no longer apply.
    predict: (cluster, before, step) => ({ ...placing(cluster, before, step), cluster: undefined }),
    operations: ({ restore: { token, suffix }, former, ...step }) => [
      ['file', { content: { text: step.pin }, path: PATHS.clusterId, ...ROOTS, mode: '644' }],
      [
        'file',
        { content: { text: step.options }, path: PATHS.environment, ...ROOTS, group: 'etcd', mode: '640' },
      ],
      ['restore_place', { token, suffix, ...placesOf(step), former }],
    ],
    simulate: (machine, step) => [
      () => machine.pinRestored(step.pin),
      () => machine.writeFile(PATHS.environment, step.options, { ...ROOTS, group: 'etcd', mode: '640' }),
      () => machine.noteFormer(step.former),
      () => machine.makeWay('data'),
      () => machine.exchange('data'),
      () => machine.makeWay('wal'),
      () => machine.exchange('wal'),
      () => machine.noteRestored(step.restore, 'placed'),
    ],
  },

  'restore-unchecked': {
    action: 'change',
    predict: (_cluster, before) => before,
    operations: ({ variable }) => [['restore_unchecked', { variable }]],
    // It only affects how long a start takes.
    simulate: () => [],
  },

  'restore-finish': {
    action: 'start',
    predict: ofHost(() => ({ underway: undefined, restore: undefined })),
    operations: () => [['restore_finish']],
    simulate: (machine) => [() => machine.dropRestored(), () => machine.letIn()],
  },
}

const ROOTS = { owner: 'root', group: 'root' } as const

/** The agent's names for these paths. */
function placesOf({
  dataDirectory,
  walDirectory,
}: Pick<Kind<'restore-stage'>, 'dataDirectory' | 'walDirectory'>) {
  return { data: dataDirectory, wal: walDirectory }
}

/** Whether its operations need the agent's part for restores. */
export function isRestoreStep(step: HostStepCommon & { readonly kind: string }): step is RestoreStep {
  return Object.hasOwn(RESTORE, step.kind)
}

/** Where a snapshot arrives: on the disk of the data, which has space for it. undefined: none of these steps sends one. */
export function incomingOf(steps: readonly EngineStep[]): string | undefined {
  const unpacking = steps.find((step): step is Kind<'restore-stage'> => step.kind === 'restore-stage')
  return unpacking?.dataDirectory.slice(0, unpacking.dataDirectory.lastIndexOf('/'))
}

/** The command can be continued until the very end, when its other markers are gone. */
function underwayText({ command, restore }: Kind<'restore-halt'>): string {
  const { token, suffix, sha256, members } = restore
  return renderUnderway('restore', command, { token, suffix, sha256, members })
}

const placing: Predict<Kind<'restore-place'>> = ofHost((host, step) => placed(host, step))

function placed(
  { member, formerClusterIds = [] }: HostState,
  step: Kind<'restore-place'>,
): Partial<HostState> {
  if (member === undefined) throw new TypeError(`${step.host} carries no etcd`)
  const file = { type: 'file', owner: 'root' } as const
  const own = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const
  return {
    restore: {
      ...step.restore,
      reached: 'placed',
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
