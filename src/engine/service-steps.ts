/** Steps for a service of a tier: check its configuration with its own program, load it, or remove it. */
import { NO_SERVICES, type ServiceFile, type ServiceState, type ServicesState } from '../host/services.ts'
import type { NodeFacts } from '../host/node-facts.ts'
import { LEAVES, type LeafStep } from './leaf-steps.ts'
import { NODE, type NodeStep } from './node-steps.ts'
import type { ServiceKind, ServiceKinds, TierStepCommon } from './service-kind.ts'

interface Common extends TierStepCommon {
  /** The systemd unit. */
  readonly unit: string
}

/** Written, and put in place if `check` accepts it. */
export interface ServiceFileStep extends Common {
  readonly kind: 'service-file'
  readonly path: string
  readonly content: string
  /** The present content; undefined: no file. */
  readonly before: string | undefined
  /** As `stat` says it, e.g. `644`. Owner and group are root. */
  readonly mode: string
  /** A command that exits with 0 if the file, its last argument, is valid (`sh -c PROGRAM NAME` is called NAME); empty: no check. */
  readonly check: readonly string[]
}

/** Enabled, started, and the installed configuration loaded. */
export interface ServiceLoadStep extends Common {
  readonly kind: 'service-load'
  /** It keeps running while it is reloaded. */
  readonly reloads: boolean
  /** It is restarted if it runs, because it reads its files only at its start; a changed unit file is loaded first. */
  readonly restarts?: true | undefined
  /** What else changes on the node once it runs. */
  readonly mends?: Partial<NodeFacts> | undefined
  /** Done when the daemon behind `socket` answers `question` with the line `answer`. */
  readonly proof?: { readonly socket: string; readonly question: string; readonly answer: string } | undefined
  /** Done when this command exits with 0: it runs, and serves. */
  readonly serves?: readonly string[] | undefined
}

/** Stopped, not started at boot, and its files renamed to `PATH.SUFFIX`. */
export interface ServiceRemoveStep extends Common {
  readonly kind: 'service-remove'
  readonly suffix: string
  readonly paths: readonly string[]
}

export type ServiceStep = ServiceFileStep | ServiceLoadStep | ServiceRemoveStep | NodeStep | LeafStep

/** How long a service may take to start or to reload, in seconds. */
const LOAD_SECONDS = 30

export const SERVICES: ServiceKinds<ServiceStep> = {
  ...NODE,
  ...LEAVES,

  'service-file': {
    action: 'made',
    distinguishes: ({ path }) => [path],
    predict: (services, { unit, path, content, mode }) => {
      const plain = { owner: 'root', group: 'root', plain: true, untouched: false } as const
      const file: ServiceFile = { ...plain, text: content, mode }
      return { ...withUnit(services, unit, { loading: true }), files: { ...services.files, [path]: file } }
    },
    operations: ({ content, path, mode, unit, check }) => [
      ['service_file', { content: { text: content }, path, owner: 'root', group: 'root', mode, unit, check }],
    ],
    simulate: (machine, step) => [
      // Before it is in place, it counts as not loaded.
      () => (machine.services = withUnit(machine.services, step.unit, { loading: true })),
      () => (machine.services = SERVICES['service-file'].predict(machine.services, step)),
    ],
  },

  'service-load': {
    action: 'change',
    distinguishes: ({ unit }) => [unit],
    predict: (services, { unit, mends }) => {
      const loaded = { active: 'active', enabled: true, loading: false, needsReload: false }
      const after = withUnit(services, unit, loaded)
      return after.node === undefined || mends === undefined
        ? after
        : { ...after, node: { ...after.node, ...mends } }
    },
    operations: ({ unit, restarts = false, proof, serves = [] }) => [
      [
        'service_load',
        {
          unit,
          seconds: String(LOAD_SECONDS),
          how: restarts ? 'restart' : 'reload',
          ...proof,
          proof: serves,
        },
      ],
    ],
    simulate: (machine, step) => [
      () => (machine.services = SERVICES['service-load'].predict(machine.services, step)),
    ],
  },

  'service-remove': {
    action: 'remove',
    distinguishes: ({ unit }) => [unit],
    predict: (services, { unit, paths }) => {
      const kept = Object.entries(services.files).filter(([path]) => !paths.includes(path))
      const stopped = withUnit(services, unit, { active: 'inactive', enabled: false, loading: false })
      return { ...stopped, files: Object.fromEntries(kept) }
    },
    operations: ({ unit, suffix, paths }) => [['service_remove', { unit, suffix, paths }]],
    simulate: (machine, step) => [
      () => (machine.services = SERVICES['service-remove'].predict(machine.services, step)),
    ],
  },
}

/** The state of a node's services after a step; undefined: none was asked for. */
export function predictService(services: ServicesState = NO_SERVICES, step: ServiceStep): ServicesState {
  const kind = SERVICES[step.kind] as unknown as ServiceKind<ServiceStep>
  return kind.predict(services, step)
}

const UNSEEN: ServiceState = {
  active: undefined,
  enabled: false,
  masked: false,
  loading: false,
  needsReload: false,
}

function withUnit(services: ServicesState, name: string, changes: Partial<ServiceState>): ServicesState {
  const unit = { ...(services.units[name] ?? UNSEEN), ...changes }
  return { ...services, units: { ...services.units, [name]: unit } }
}
