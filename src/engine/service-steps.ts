/** Steps for a service of a tier: a configuration that its own program has checked, loaded, or taken away again. */
import type { Operation } from '../host/operations.ts'
import type { ServiceFile, ServiceState, ServicesState } from '../host/services.ts'
import type { StepKind } from './step-registry.ts'
import type { HostStepCommon } from './step.ts'

interface Common extends HostStepCommon {
  /** The tier. */
  readonly tier: string
  /** The systemd unit. */
  readonly unit: string
  /** A cluster's ability to serve does not depend on it. */
  readonly danger: 'none'
}

/** Written, and put in place if `check` finds it right. */
export interface ServiceFileStep extends Common {
  readonly kind: 'service-file'
  readonly path: string
  readonly content: string
  /** What stands there now; undefined: nothing. */
  readonly before: string | undefined
  /** As `stat` says it, e.g. `644`. Owner and group are root. */
  readonly mode: string
  /** A command that ends with 0 if the file, its last word, is right; empty: nothing to check. */
  readonly check: readonly string[]
}

/** Enabled, started or reloaded. */
export interface ServiceLoadStep extends Common {
  readonly kind: 'service-load'
  /** It runs, and goes on while it is reloaded. */
  readonly reloads: boolean
  /** Done when the daemon behind `socket` answers `question` with the line `answer`. */
  readonly proof?: { readonly socket: string; readonly question: string; readonly answer: string } | undefined
}

/** Stopped, not started at boot, and its files renamed to `PATH.SUFFIX`. */
export interface ServiceRemoveStep extends Common {
  readonly kind: 'service-remove'
  readonly suffix: string
  readonly paths: readonly string[]
}

export type ServiceStep = ServiceFileStep | ServiceLoadStep | ServiceRemoveStep

/** What is known of a kind of them. */
export interface ServiceKind<S extends ServiceStep> extends StepKind<S> {
  /** What the machine is like afterwards. */
  predict(services: ServicesState, step: S): ServicesState
  /** As the agent's operations. */
  operations(step: S): readonly Operation[]
  /** What it really does to a machine of the simulation, cut into the pieces between which a tool can die. */
  simulate(machine: { services: ServicesState }, step: S): readonly (() => void)[]
}

/** How long a service may take to start or to reload, in seconds. */
const LOAD_SECONDS = 30

export const SERVICES: {
  readonly [K in ServiceStep['kind']]: ServiceKind<Extract<ServiceStep, { readonly kind: K }>>
} = {
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
      // It counts as not loaded before it is in place.
      () => (machine.services = withUnit(machine.services, step.unit, { loading: true })),
      () => (machine.services = SERVICES['service-file'].predict(machine.services, step)),
    ],
  },

  'service-load': {
    action: 'change',
    distinguishes: ({ unit }) => [unit],
    predict: (services, { unit }) =>
      withUnit(services, unit, { active: 'active', enabled: true, loading: false }),
    operations: ({ unit, proof }) => [['service_load', { unit, seconds: String(LOAD_SECONDS), ...proof }]],
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

/** What the services of a machine are like after a step; undefined: it was not asked for any. */
export function predictService(services: ServicesState = NO_SERVICES, step: ServiceStep): ServicesState {
  const kind = SERVICES[step.kind] as unknown as ServiceKind<ServiceStep>
  return kind.predict(services, step)
}

const NO_SERVICES: ServicesState = { units: {}, files: {}, devices: {}, holders: {} }

const UNSEEN: ServiceState = { active: undefined, enabled: false, masked: false, loading: false }

function withUnit(services: ServicesState, name: string, changes: Partial<ServiceState>): ServicesState {
  const unit = { ...(services.units[name] ?? UNSEEN), ...changes }
  return { ...services, units: { ...services.units, [name]: unit } }
}
