/** Steps as the agent's operations: the one place where the planner's data becomes work on a machine. */
import type { Artifact } from '../../../artifacts/artifact.ts'
import { compileService } from '../../../engine/service-steps.ts'
import type { Operation, Word } from '../../../host/operations.ts'
import type { Content } from '../../../host/parcel.ts'
import { trustMarkFile } from '../../../pki/trust-mark.ts'
import type { HostStep } from '../steps/steps.ts'
import { compileRestore } from './compile-restore.ts'

/** What a host's steps need from this computer. */
export interface Supplies {
  /** The binaries for the host's architecture, if one of its steps installs them. */
  readonly artifact: Artifact | undefined
  /** PEM by certificate name, if one of its steps puts certificates in force. */
  readonly certificates: Readonly<Record<string, string>>
  /** PEM of the trust bundle. */
  readonly bundle: string | undefined
}

/** How long a member may take to become ready, in seconds: it waits for a quorum of the others. */
const START_SECONDS = 60

/**
 * How long each member lets the one before it go ahead, in seconds. A new member asks its peers whether it is known
 * already (etcd's isMemberBootstrapped), one after the other, for up to 1 s each. A peer that is not there refuses at
 * once, one that serves answers at once; but one that listens and does not serve yet, for some 30 ms, costs the full
 * second. Members started in the very same moment wait for each other so: 2.6 s for three, instead of 0.6 s.
 */
const TURN_SECONDS = 0.12

export function compile(step: HostStep, supplies: Supplies): readonly Operation[] {
  switch (step.kind) {
    case 'packages':
      return [['packages', ...step.packages]]
    case 'user':
      return [['user', step.user, step.shell]]
    case 'directory':
      return [['directory', step.path, step.owner, step.group, step.mode]]
    case 'binaries':
      return needed(supplies.artifact, step).files.map((file): Operation => [
        'binary',
        { file: file.path },
        `/usr/local/bin/${file.name}`,
        file.sha256,
        step.version,
      ])
    case 'file':
      return [['file', { text: step.content }, step.path, step.owner, step.group, step.mode]]
    case 'key':
      return [['key', step.name, { text: step.configuration }, step.algorithm, step.keep ? 'keep' : 'new']]
    case 'certificates': {
      const pairs = step.names.flatMap((name): Word[] => [
        name,
        { text: needed(supplies.certificates[name], step) },
      ])
      return [['certificates', ...trusted(supplies, step), 'etcd', ...pairs]]
    }
    case 'ca':
      return [['ca', ...trusted(supplies, step), 'etcd']]
    case 'tls-modes':
      return [['tls_modes', 'etcd']]
    case 'reload':
      return [['reload']]
    case 'enable':
      return [['enable', 'etcd.service']]
    case 'start':
      return [
        ...opening(step),
        ['start', 'etcd.service', (step.turn * TURN_SECONDS).toFixed(2), ...(step.chown ?? [])],
      ]
    case 'ready':
      return [...opening(step), ['ready', 'etcd.service', String(START_SECONDS)], ...closing(step)]
    case 'restart':
      return [
        ...opening(step),
        ['restart', 'etcd.service', String(START_SECONDS), ...(step.chown ?? [])],
        ...closing(step),
      ]
    case 'stop':
      return [
        [
          'stop',
          step.unit,
          ...(step.graceSeconds === undefined ? ([] as const) : ([String(step.graceSeconds)] as const)),
        ],
      ]
    case 'aside':
      return [['aside', step.suffix, ...step.paths]]
    case 'restore-stage':
    case 'restore-halt':
    case 'restore-place':
    case 'restore-unchecked':
    case 'restore-finish':
      return compileRestore(step)
    case 'service-file':
    case 'service-load':
    case 'service-remove':
      return compileService(step)
  }
}

/** Each step that starts a member, or waits for one, opens it by itself: systemd may be trying since an earlier run. */
function opening({ firstStart }: Opening): readonly Operation[] {
  return firstStart === undefined ? [] : [['ground_open', firstStart.walDirectory]]
}

/** Not reached where the member does not become ready: it is tried again and again, and needs it open. */
function closing({ firstStart }: Opening): readonly Operation[] {
  if (firstStart === undefined) return []
  return [['ground_close', firstStart.dataDirectory, firstStart.walDirectory]]
}

type Opening = Pick<Extract<HostStep, { kind: 'start' }>, 'firstStart'>

/** The bundle and its mark. */
function trusted({ bundle }: Supplies, step: HostStep): readonly [Content, Content] {
  const text = needed(bundle, step)
  return [{ text }, { text: trustMarkFile(text) }]
}

function needed<T>(supply: T | undefined, step: HostStep): T {
  if (supply === undefined) throw new TypeError(`nothing was supplied for '${step.what}' on ${step.host}`)
  return supply
}
