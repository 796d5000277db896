/** Steps for a service of a tier: a configuration that its own program has checked, loaded, or taken away again. */
import type { Operation } from '../host/operations.ts'
import type { ServiceFile, ServiceState, ServicesState } from '../host/services.ts'
import type { StepKinds } from './step-registry.ts'
import type { EngineStep, HostStepCommon } from './step.ts'

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

/** For the registry of steps. */
export const SERVICE_KINDS: StepKinds<ServiceStep> = {
  'service-file': { action: 'made', distinguishes: ({ path }) => [path] },
  'service-load': { action: 'change', distinguishes: ({ unit }) => [unit] },
  'service-remove': { action: 'remove', distinguishes: ({ unit }) => [unit] },
}

export function isServiceStep(step: EngineStep): step is ServiceStep {
  return Object.hasOwn(SERVICE_KINDS, step.kind)
}

/** How long a service may take to start or to reload, in seconds. */
const LOAD_SECONDS = 30

/** The agent's operations. */
export function compileService(step: ServiceStep): readonly Operation[] {
  switch (step.kind) {
    case 'service-file': {
      const { path, mode, unit, check } = step
      const content = { text: step.content }
      return [['service_file', { content, path, owner: 'root', group: 'root', mode, unit, check }]]
    }
    case 'service-load':
      return [['service_load', { unit: step.unit, seconds: String(LOAD_SECONDS), ...step.proof }]]
    case 'service-remove':
      return [['service_remove', { unit: step.unit, suffix: step.suffix, paths: step.paths }]]
  }
}

/** What the machine is like afterwards. */
export function predictService(services: ServicesState = NOTHING, step: ServiceStep): ServicesState {
  const unit = services.units[step.unit]
  const withUnit = (changes: Partial<ServiceState>): ServicesState => ({
    ...services,
    units: { ...services.units, [step.unit]: { ...(unit ?? UNSEEN), ...changes } },
  })
  switch (step.kind) {
    case 'service-file': {
      const file: ServiceFile = {
        text: step.content,
        owner: 'root',
        group: 'root',
        mode: step.mode,
        plain: true,
        untouched: false,
      }
      return { ...withUnit({ loading: true }), files: { ...services.files, [step.path]: file } }
    }
    case 'service-load':
      return withUnit({ active: 'active', enabled: true, loading: false })
    case 'service-remove': {
      const kept = Object.entries(services.files).filter(([path]) => !step.paths.includes(path))
      return {
        ...withUnit({ active: 'inactive', enabled: false, loading: false }),
        files: Object.fromEntries(kept),
      }
    }
  }
}

const NOTHING: ServicesState = { units: {}, files: {}, devices: {}, holders: {} }

const UNSEEN: ServiceState = { active: undefined, enabled: false, masked: false, loading: false }
