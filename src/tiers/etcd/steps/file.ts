/** Writes a whole file of a member. */
import type { HostStepCommon } from '../../../engine/step.ts'
import { PATHS } from '../../../host/state.ts'
import { type HostKinds, ofMember } from './kind.ts'

export interface FileStep extends HostStepCommon {
  readonly kind: 'file'
  readonly path: string
  readonly content: string
  /** The current content; undefined: it doesn't exist. */
  readonly before: string | undefined
  readonly owner: string
  readonly group: string
  /** As `stat` prints it, e.g. `640`. */
  readonly mode: string
}

export const FILE: HostKinds<FileStep> = {
  file: {
    action: 'made',
    distinguishes: ({ path }) => [path],
    predict: ofMember((member, { path, content, owner, group, mode }) => ({
      unit: path === PATHS.unit ? { ...member.unit, exists: true, path } : member.unit,
      contents: { ...member.contents, [path]: content },
      paths: { ...member.paths, [path]: { type: 'file', owner, group, mode } },
    })),
    operations: ({ path, content, owner, group, mode }) => [
      ['file', { content: { text: content }, path, owner, group, mode }],
    ],
    simulate: (machine, { path, content, owner, group, mode }) => [
      () => machine.writeFile(path, content, { owner, group, mode }),
    ],
  },
}
