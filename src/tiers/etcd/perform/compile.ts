/** Steps as the agent's operations: the one place where the planner's data becomes work on a machine. */
import type { Artifact } from '../../../artifacts/artifact.ts'
import { compileService } from '../../../engine/service-steps.ts'
import type { Operation } from '../../../host/operations.ts'
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

const UNIT = 'etcd.service'

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
      return [['packages', { names: step.packages }]]
    case 'user':
      return [['user', { name: step.user, shell: step.shell }]]
    case 'directory': {
      const { path, owner, group, mode } = step
      return [['directory', { path, owner, group, mode }]]
    }
    case 'binaries':
      return needed(supplies.artifact, step).files.map(({ path, name, sha256 }): Operation => [
        'binary',
        { content: { file: path }, path: `/usr/local/bin/${name}`, sha256, version: step.version },
      ])
    case 'file': {
      const { path, owner, group, mode } = step
      return [['file', { content: { text: step.content }, path, owner, group, mode }]]
    }
    case 'key': {
      const { name, algorithm, keep } = step
      const origin = keep ? 'keep' : 'new'
      return [['key', { name, configuration: { text: step.configuration }, algorithm, origin }]]
    }
    case 'certificates': {
      const pem = step.names.map((name) => [name, { text: needed(supplies.certificates[name], step) }])
      return [['certificates', { ...trusted(supplies, step), group: 'etcd', ...Object.fromEntries(pem) }]]
    }
    case 'ca':
      return [['ca', { ...trusted(supplies, step), group: 'etcd' }]]
    case 'tls-modes':
      return [['tls_modes', { group: 'etcd' }]]
    case 'reload':
      return [['reload']]
    case 'enable':
      return [['enable', { unit: UNIT }]]
    case 'start':
      return [
        ...opening(step),
        ['start', { unit: UNIT, delay: (step.turn * TURN_SECONDS).toFixed(2), folders: step.chown ?? [] }],
      ]
    case 'ready':
      return [...opening(step), ['ready', { unit: UNIT, seconds: String(START_SECONDS) }], ...closing(step)]
    case 'restart':
      return [
        ...opening(step),
        ['restart', { unit: UNIT, seconds: String(START_SECONDS), folders: step.chown ?? [] }],
        ...closing(step),
      ]
    case 'stop':
      return [['stop', { unit: step.unit, seconds: step.graceSeconds?.toString() }]]
    case 'aside':
      return [['aside', { suffix: step.suffix, paths: step.paths }]]
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
  return firstStart === undefined ? [] : [['ground_open', { wal: firstStart.walDirectory }]]
}

/** Not reached where the member does not become ready: it is tried again and again, and needs it open. */
function closing({ firstStart }: Opening): readonly Operation[] {
  if (firstStart === undefined) return []
  return [['ground_close', { data: firstStart.dataDirectory, wal: firstStart.walDirectory }]]
}

type Opening = Pick<Extract<HostStep, { kind: 'start' }>, 'firstStart'>

/** The bundle and its mark. */
function trusted({ bundle }: Supplies, step: HostStep): { readonly ca: Content; readonly mark: Content } {
  const text = needed(bundle, step)
  return { ca: { text }, mark: { text: trustMarkFile(text) } }
}

function needed<T>(supply: T | undefined, step: HostStep): T {
  if (supply === undefined) throw new TypeError(`nothing was supplied for '${step.what}' on ${step.host}`)
  return supply
}
