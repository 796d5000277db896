/**
 * Machines in the midst of something that stops every member and can be left half done: marked until it is finished, so
 * that no other verb starts what must stay stopped.
 */
import { type HostState, PATHS, type Underway } from '../host/state.ts'
import { checkName } from '../spec/values.ts'
import type { BlockReason } from './step.ts'

/** The mark's text. `more`: what the verb itself wants to find again; no line breaks in it. */
export function renderUnderway(
  verb: string,
  command: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ verb, command, ...more }).map(([key, value]) => `${key}=${value}\n`)
  return lines.join('')
}

/** Why nothing else may be done. @param finishes the verb that may */
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

/** @param host the node that has the mark: what it says is not repeated, as the node may lie */
export function underwayBlock(
  mark: Pick<Underway, 'verb' | 'command'>,
  host: string,
): { readonly message: string; readonly hint: string } {
  const known = finishingCommand(mark)
  if (known === undefined) {
    return {
      message: `${PATHS.underway} names an operation that this quorate does not know`,
      hint: `a newer quorate may know it, or the file was changed. Inspect it: quorate run ${host} --root -- head -c 2000 ${PATHS.underway}`,
    }
  }
  return {
    message: `quorate ${mark.verb} is not finished on this node: its members must stay as they are until it is`,
    hint:
      mark.verb === 'restore'
        ? `finish it, with the options that it was started with: ${known}`
        : `finish it: ${known}`,
  }
}

/** What may be the name of a backup in the cluster's backup location, and is neither option nor path. */
const BACKUP_NAME = /^[a-z0-9][\w.-]{0,200}\.bundle(\.age)?$/

/**
 * The command that finishes what a node is marked with, rebuilt of what quorate knows: the verb, names of nodes and of a
 * backup. Whoever controls the node can write any text there, and an operator would type it.
 *
 * @returns undefined for a verb that has no such marks
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

/** @param lost machines out of reach that stay off */
export function abandonCommand(lost: readonly string[] = []): string {
  return `quorate recover --abandon${lost.length === 0 ? '' : ` --lost ${lost.join(' ')}`}`
}

/** The names of nodes right behind an option. */
function namesAfter(words: readonly string[], option: string): readonly string[] {
  const at = words.indexOf(option)
  if (at === -1) return []
  const behind = words.slice(at + 1)
  const end = behind.findIndex((word) => checkName(word) !== undefined)
  return end === -1 ? behind : behind.slice(0, end)
}
