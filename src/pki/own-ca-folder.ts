/**
 * The paths of quorate's own CA. A rotation does two renames, and an interruption between them leaves no
 * `ca`: the other directories then show the progress.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'

export interface OwnCa {
  readonly stateDirectory: string
  /** `<stateDirectory>/ca` */
  readonly directory: string
}

/** The directories of a CA rotation: the current one, the next one (or an abandoned one), and the previous one. */
export function caFolders(directory: string): Record<'present' | 'next' | 'previous', string> {
  return { present: directory, next: `${directory}.next`, previous: `${directory}.previous` }
}

/** The directory of the CA that signs: `directory`, except in the middle of a rotation. */
export function presentCaFolder(directory: string): string {
  const { present, next, previous } = caFolders(directory)
  const between = !holdsCa(present) && holdsCa(next) && holdsCa(previous)
  return between ? next : present
}

export function holdsCa(directory: string): boolean {
  return existsSync(path.join(directory, 'ca.crt'))
}

/** Which other CA exists next to the one that signs: the previous one, or one that was abandoned or never used. */
export function otherCa({ directory }: Pick<OwnCa, 'directory'>): 'previous' | 'next' | undefined {
  const { previous, next } = caFolders(directory)
  if (holdsCa(previous)) return 'previous'
  return holdsCa(next) ? 'next' : undefined
}
