/** The steps of a unit whose files are read only at its start. Pure. */
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { ServiceFile, ServiceState, ServicesState } from '../../host/services.ts'

export const TIER = 'containerd'

export interface UnitFiles {
  readonly unit: string
  /** Texts by path. */
  readonly files: Readonly<Record<string, string>>
}

/** @param trouble why it is restarted although its files are correct */
export function unitSteps(
  host: string,
  services: ServicesState,
  { unit, files }: UnitFiles,
  trouble?: string,
): ServiceStep[] {
  const common = { tier: TIER, host, unit, danger: 'none' } as const
  const written = Object.entries(files).flatMap(([path, content]): ServiceStep[] => {
    const now = services.files[path]
    if (now?.text === content && now.plain && now.owner === 'root' && now.mode === '644') return []
    const file = { path, content, before: now?.text, mode: '644', check: [] } as const
    return [{ ...common, kind: 'service-file', ...file, what: `write ${path}`, why: whyWrite(now) }]
  })
  const why = written.length === 0 ? (trouble ?? whyLoad(services.units[unit])) : 'its configuration changes'
  if (why === undefined) return written
  const what = `${services.units[unit]?.active === 'active' ? 'restart' : 'enable and start'} ${unit}`
  return [...written, { ...common, kind: 'service-load', reloads: false, restarts: true, what, why }]
}

function whyWrite(now: ServiceFile | undefined): string {
  if (now === undefined) return 'missing'
  return now.untouched ? 'as its package brought it' : 'differs from what the cluster file asks for'
}

function whyLoad(state: ServiceState | undefined): string | undefined {
  if (state?.loading === true) return 'what was put in place is not loaded'
  if (state?.active !== 'active') return `it is ${state?.active ?? 'not there'}`
  if (!state.enabled) return 'it would not start at boot'
  return state.needsReload === true ? 'the unit on disk differs from the one systemd has loaded' : undefined
}
