/**
 * Machines in the midst of something that stops every member and can be left half done: marked until it is finished, so
 * that no other verb starts what must stay stopped.
 */
import type { HostState, Underway } from '../host/state.ts'
import type { BlockReason } from './steps.ts'

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
    underway === undefined || underway.verb === finishes ? [] : [{ host: name, ...underwayBlock(underway) }],
  )
}

export function underwayBlock({ verb, command }: Pick<Underway, 'verb' | 'command'>): {
  readonly message: string
  readonly hint: string
} {
  return {
    message: `quorate ${verb} was begun here and is not finished: members must stay as it left them`,
    hint: `run it to its end: ${command}`,
  }
}
