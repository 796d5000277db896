/** Pieces of a commented YAML file: one line per setting, with defaults as comments. */
import { stringify } from 'yaml'

/** A setting of one section. */
export interface Setting {
  readonly key: string
  /** Undefined: written as a comment. */
  readonly value: unknown
  /** What the comment shows: the default, or an example if there is none. */
  readonly standard: string
  /** One line. */
  readonly why: string
}

/** Any plain value on one line, as YAML: `{ name: etcd01, roles: [ etcd ] }`. */
export function oneLine(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trimEnd()
}

/** Always in double quotes, for text that YAML would read as a number. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/**
 * A section with its settings. If none is set, all of it is a comment, and removing `# ` from its lines gives valid
 * YAML.
 */
export function section(key: string, settings: readonly Setting[]): string[] {
  const active = settings.some((setting) => setting.value !== undefined)
  const lines = settings.map((setting) => {
    const set = setting.value !== undefined
    const written = `${setting.key}: ${set ? render(setting) : setting.standard}`
    const mark = set ? '  ' : active ? '  # ' : '#   '
    return { text: `${mark}${written}`, why: setting.why }
  })
  const width = Math.min(64, Math.max(...lines.map(({ text }) => text.length)))
  return [
    active ? `${key}:` : `# ${key}:`,
    ...lines.map(({ text, why }) => `${text.padEnd(width)}  # ${why}`),
  ]
}

/** A top-level key of the file. */
export function topLevel({ key, value, standard, why }: Setting): string[] {
  return [`# ${why}`, value === undefined ? `# ${key}: ${standard}` : `${key}: ${oneLine(value)}`]
}

function render(setting: Setting): string {
  return setting.key === 'version' && typeof setting.value === 'string'
    ? quoted(setting.value)
    : oneLine(setting.value)
}
