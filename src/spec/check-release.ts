/** Checks that a cluster file chooses exactly one source, with the keys that belong to it. */
import type { Reporter } from './report.ts'

/** A mapping that must have exactly one key. */
export function oneOf(
  path: readonly string[],
  value: object,
  keys: readonly string[],
  report: Reporter,
): void {
  const here = keys.filter((key) => Object.hasOwn(value, key))
  const name = path.join('.')
  if (here.length === 0) report.error(path, `${name} is empty`, `write one of ${keys.join(', ')}`)
  else if (here.length > 1) {
    report.error(
      [...path, here[1]!],
      `${name} has ${here.join(' and ')}: it can only be one`,
      'keep one',
      'key',
    )
  }
}

interface Release {
  readonly url?: string | undefined
  readonly checksums?: string | undefined
  readonly mirror?: string | undefined
}

/** Checks an archive or a program (`what`) that has its checksums next to it. */
export function checkRelease(
  path: readonly string[],
  { url, checksums, mirror }: Release,
  what: string,
  report: Reporter,
): void {
  const name = path.join('.')
  if (mirror !== undefined && (url !== undefined || checksums !== undefined)) {
    report.error(
      [...path, 'mirror'],
      `${name}.mirror stands for url and checksums, but they are set too`,
      'keep mirror, or the two others',
    )
  } else if ((url === undefined) !== (checksums === undefined)) {
    const [there, missing] = url === undefined ? ['checksums', 'url'] : ['url', 'checksums']
    const message = `${name} has ${there} without ${missing}: ${what} and its checksums belong together`
    report.error([...path, there], message, `write ${missing} too, or a mirror instead of both`)
  }
}
