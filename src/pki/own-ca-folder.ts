/**
 * Where quorate's own CA lies. While it is exchanged for another two renames follow each other, and a tool that dies
 * between them leaves no `ca`: what is beside it then tells where the exchange got to.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'

export interface OwnCa {
  readonly stateDirectory: string
  /** `<stateDirectory>/ca` */
  readonly directory: string
}

/** The folders of a CA's exchange: the one that signs, the one to come (or given up again), and the one that was. */
export function caFolders(directory: string): Record<'present' | 'next' | 'previous', string> {
  return { present: directory, next: `${directory}.next`, previous: `${directory}.previous` }
}

/** The folder of the CA that signs now: `directory`, except in the middle of an exchange. */
export function presentCaFolder(directory: string): string {
  const { present, next, previous } = caFolders(directory)
  const between = !holdsCa(present) && holdsCa(next) && holdsCa(previous)
  return between ? next : present
}

export function holdsCa(directory: string): boolean {
  return existsSync(path.join(directory, 'ca.crt'))
}

/** Which other CA waits beside the one that signs: the one that was, or one that was given up (or never came to it). */
export function otherCa({ directory }: Pick<OwnCa, 'directory'>): 'previous' | 'next' | undefined {
  const { previous, next } = caFolders(directory)
  if (holdsCa(previous)) return 'previous'
  return holdsCa(next) ? 'next' : undefined
}
