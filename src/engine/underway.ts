/**
 * Markers on nodes during an operation that stops every member and can be interrupted. They stay until it is complete, so
 * that no other command starts what must stay stopped.
 */
import { type HostState, PATHS, type Underway } from '../host/state.ts'
import { checkName } from '../spec/values.ts'
import type { BlockReason } from './step.ts'

/** The marker's text. `more`: what the command itself needs later; without line breaks. */
export function renderUnderway(
  verb: string,
  command: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ verb, command, ...more }).map(([key, value]) => `${key}=${value}\n`)
  return lines.join('')
}

/** Why no other command may run. @param finishes the command that may */
export function underwayReasons(
  hosts: Readonly<Record<string, HostState>>,
  finishes: string | undefined,
): readonly BlockReason[] {
  return Object.values(hosts).flatMap(({ name, underway }) =>
    underway === undefined || underway.verb === finishes
      ? []
      : [{ host: name, ...underwayBlock(underway, name) }],
  )
}

/** @param host the node with the marker: its text is not repeated, because it is untrusted */
export function underwayBlock(
  mark: Pick<Underway, 'verb' | 'command'>,
  host: string,
): BlockReason & { readonly hint: string } {
  const known = finishingCommand(mark)
  if (known === undefined) {
    return {
      id: 'unknown-operation',
      message: `${PATHS.underway} names an operation that this version of quorate does not know`,
      hint: `use a newer quorate if one wrote it, or inspect the file: quorate run ${host} --root -- head -c 2000 ${PATHS.underway}`,
    }
  }
  return {
    id: 'another-operation-is-not-complete',
    message: `quorate ${mark.verb} is not complete on this node: no other command may change it`,
    hint:
      mark.verb === 'restore'
        ? `complete it, with the same options as before: ${known}`
        : `complete it: ${known}`,
  }
}

/** A possible name of a backup in the cluster's backup location: neither an option nor a path. */
const BACKUP_NAME = /^[a-z0-9][\w.-]{0,200}\.bundle(\.age)?$/

/**
 * The command that completes a marked operation, rebuilt from what quorate knows: the command, names of nodes and of a
 * backup. The node's own text is untrusted, and an operator would type it.
 *
 * @returns undefined for a command without such markers
 */
export function finishingCommand({ verb, command }: Pick<Underway, 'verb' | 'command'>): string | undefined {
  const words = command.split(' ')
  switch (verb) {
    case 'recover': {
      const [survivor] = namesAfter(words, '--from-survivor')
      if (survivor === undefined) return 'quorate recover'
      return recoverCommand(survivor, namesAfter(words, '--lost'))
    }
    case 'restore': {
      const snapshot = words[words.indexOf('restore') + 1] ?? ''
      const without = namesAfter(words, '--without')
      return [
        `quorate restore ${BACKUP_NAME.test(snapshot) ? snapshot : 'SNAPSHOT'}`,
        ...(without.length === 0 ? [] : ['--without', ...without]),
      ].join(' ')
    }
    default:
      return undefined
  }
}

export function recoverCommand(survivor: string, lost: readonly string[]): string {
  return `quorate recover --from-survivor ${survivor}${lost.length === 0 ? '' : ` --lost ${lost.join(' ')}`}`
}

/** @param lost nodes that are permanently down */
export function abandonCommand(lost: readonly string[] = []): string {
  return `quorate recover --abandon${lost.length === 0 ? '' : ` --lost ${lost.join(' ')}`}`
}

/** The node names after an option. */
function namesAfter(words: readonly string[], option: string): readonly string[] {
  const at = words.indexOf(option)
  if (at === -1) return []
  const behind = words.slice(at + 1)
  const end = behind.findIndex((word) => checkName(word) !== undefined)
  return end === -1 ? behind : behind.slice(0, end)
}
