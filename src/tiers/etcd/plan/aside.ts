/** Data that is renamed: next to its original path, or within a directory that can't be renamed. */
import type { MemberState } from '../../../host/state.ts'
import type { AsideStep } from '../steps/aside.ts'
import type { AnyStep } from '../steps/steps.ts'

/** Of these paths, those that can't be renamed on that node; undefined: all can. */
export function withinOf(
  { limits }: Pick<MemberState, 'limits'>,
  paths: readonly string[],
): readonly string[] | undefined {
  const fixed = paths.filter((path) => limits?.fixed.includes(path) === true)
  return fixed.length > 0 ? fixed : undefined
}

/** What these steps renamed, and to which path. */
export function movedBy(
  steps: readonly AnyStep[],
): readonly { readonly host: string; readonly from: string; readonly to: string }[] {
  return steps.flatMap((step) =>
    step.kind === 'aside'
      ? step.paths.map((from) => ({ host: step.host, from, to: asideTo(step, from) }))
      : [],
  )
}

/** The path to which the step renames the data at this path. */
function asideTo({ suffix, within }: Pick<AsideStep, 'suffix' | 'within'>, path: string): string {
  return within?.includes(path) === true ? `${path}/.quorate-aside.${suffix}` : `${path}.${suffix}`
}
