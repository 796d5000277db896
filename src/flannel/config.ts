/** flannel's configuration as text, in a canonical form so that two can be compared. */
import type { FlannelConfig } from '../spec/cluster.ts'

/** flannel's keys, in the order in which they are written. */
export const CONFIG_KEYS = [
  'Network',
  'SubnetLen',
  'SubnetMin',
  'SubnetMax',
  'EnableIPv4',
  'EnableIPv6',
  'IPv6Network',
  'IPv6SubnetLen',
  'IPv6SubnetMin',
  'IPv6SubnetMax',
  'EnableNFTables',
  'Backend',
] as const

/** The text to store: JSON without spaces, with keys in flannel's spelling and in a fixed order. */
export function renderConfig(config: FlannelConfig): string {
  return JSON.stringify(inOrder(config, [...CONFIG_KEYS]))
}

/** A stored text in the form that `renderConfig` writes; undefined: not a JSON object. */
export function canonicalText(stored: string): string | undefined {
  const config = parseConfig(stored)
  return config && renderConfig(config)
}

/**
 * Parses a stored text like flannel: key names in any case; of duplicates the last one counts. undefined: not a JSON
 * object.
 */
export function parseConfig(stored: string): FlannelConfig | undefined {
  const value = parseJson(stored)
  if (!isObject(value)) return undefined
  const config: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries(value)) config[flannelSpelling(key)] = setting
  return config
}

/** The key that flannel reads this one as: encoding/json in Go ignores case. Unchanged if flannel has no such key. */
export function flannelSpelling(key: string): string {
  return CONFIG_KEYS.find((known) => known.toLowerCase() === key.toLowerCase()) ?? key
}

function inOrder(value: object, first: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, setting]) => setting !== undefined)
  const rank = (key: string) => (first.includes(key) ? first.indexOf(key) : first.length)
  const sorted = entries.toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return Object.fromEntries(
    sorted.map(([key, setting]) => [key, isObject(setting) ? inOrder(setting, ['Type']) : setting]),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
