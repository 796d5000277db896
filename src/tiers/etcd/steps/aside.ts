/** Gets existing files out of the way: renames them, or deletes them if that was requested for the reset of a member. */
import type { HostStepCommon } from '../../../engine/step.ts'
import type { MemberState } from '../../../host/state.ts'
import { type HostKinds, ofMember } from './kind.ts'

/** Renames to `PATH.SUFFIX` in the same directory. */
export interface AsideStep extends HostStepCommon {
  readonly kind: 'aside'
  readonly suffix: string
  readonly paths: readonly string[]
  /** Those of them that can't be renamed: their content moves to `PATH/.quorate-aside.SUFFIX`. */
  readonly within?: readonly string[] | undefined
}

/** Never part of `apply`. */
export interface RemoveStep extends HostStepCommon {
  readonly kind: 'remove'
  readonly paths: readonly string[]
}

export const ASIDE: HostKinds<AsideStep | RemoveStep> = {
  aside: {
    action: 'remove',
    distinguishes: ({ paths }) => paths,
    predict: ofMember((member, { paths, within = [] }) => {
      const emptied = { type: 'directory', owner: 'root', group: 'root', mode: '700' } as const
      const left = Object.fromEntries(within.map((path) => [path, emptied]))
      const { paths: others, ...without } = goneFrom(member, paths)
      return {
        ...without,
        dataPresent: false,
        walPresent: false,
        logIdentity: undefined,
        paths: { ...others, ...left },
      }
    }),
    operations: ({ suffix, paths }) => [['aside', { suffix, paths }]],
    simulate: (machine, { paths }) => paths.map((path) => () => machine.moveAside(path)),
  },

  remove: {
    action: 'remove',
    distinguishes: ({ paths }) => paths,
    predict: ofMember((member, { paths }) => goneFrom(member, paths)),
    operations: ({ paths }) => [['remove', { paths }]],
    simulate: (machine) => [() => machine.wipe()],
  },
}

/** The remaining files. */
function goneFrom(
  { contents, binaries, paths: present }: Pick<MemberState, 'contents' | 'binaries' | 'paths'>,
  paths: readonly string[],
) {
  const gone = new Set(paths)
  const keep = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([path]) => !gone.has(path)))
  const left = Object.entries(binaries).filter(([name]) => !gone.has(`/usr/local/bin/${name}`))
  return { contents: keep(contents), binaries: Object.fromEntries(left), paths: keep(present) }
}
