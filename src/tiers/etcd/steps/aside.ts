/** What lies on a machine, out of the way: beside where it was, or, when a member is reset and that was asked for, for good. */
import type { HostStepCommon } from '../../../engine/step.ts'
import type { MemberState } from '../../../host/state.ts'
import { type HostKinds, ofMember } from './kind.ts'

/** Renames to `PATH.SUFFIX`, beside where it was. */
export interface AsideStep extends HostStepCommon {
  readonly kind: 'aside'
  readonly suffix: string
  readonly paths: readonly string[]
  /** Those of them that can't be renamed: what is in them moves to `PATH/.quorate-aside.SUFFIX`. */
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

/** The files that are left. */
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
