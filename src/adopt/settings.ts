/** The settings that an etcd process truly runs with, from wherever it took them: flags, environment or its own file. */
import { QuorateError } from '../errors.ts'
import { readYaml } from '../spec/document.ts'
import type { EtcdProcess } from './sighting.ts'

/** By flag name without dashes: `heartbeat-interval`. */
export type Settings = Readonly<Record<string, string>>

/** A group of keys in etcd's configuration file, and what comes before their names in the flag. */
const TRANSPORT: Readonly<Record<string, string>> = {
  'client-transport-security': '',
  'peer-transport-security': 'peer-',
}

export function settingsOf(process: EtcdProcess): Settings {
  // With a file etcd heeds neither flags nor environment.
  const found =
    process.configuration === undefined
      ? { ...fromEnvironment(process.environment), ...fromFlags(process.command.slice(1)) }
      : fromFile(process.configuration)
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''))
}

/** Every `ETCD_*` variable; those that are etcdctl's or of a launcher are no settings of the server's. */
function fromEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => name.startsWith('ETCD_') && name !== 'ETCD_CONFIG_FILE')
      .map(([name, value]) => [name.slice('ETCD_'.length).toLowerCase().replaceAll('_', '-'), value]),
  )
}

/** `--flag=value`, `--flag value`, `-flag …`; a flag alone is `true`, as Go reads it. */
function fromFlags(words: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {}
  for (let at = 0; at < words.length; at += 1) {
    const match = /^--?(?<flag>[^=]+)(?:=(?<value>[^]*))?$/.exec(words[at] ?? '')?.groups
    const flag = match?.['flag']
    if (flag === undefined) continue
    const following = words[at + 1]
    if (match?.['value'] !== undefined) settings[flag] = match['value']
    else if (following === undefined || following.startsWith('-') || BOOLEAN.test(flag))
      settings[flag] = 'true'
    else {
      settings[flag] = following
      at += 1
    }
  }
  return settings
}

/** Flags that take no word behind them. */
const BOOLEAN =
  /^(?:(?:peer-)?(?:client-cert-auth|auto-tls)|force-new-cluster|strict-reconfig-check|debug|enable-.*|pre-vote|version|initial-election-tick-advance|unsafe-no-fsync|socket-reuse-.*|experimental-(?:initial-corrupt-check|enable-.*|.*-enabled|memory-mlock|.*-on-defrag|.*-shared-buffer|.*-verification)|memory-mlock)$/

/** @throws QuorateError `preflight` if it is not plain YAML */
function fromFile(text: string): Record<string, string> {
  const { data: content, complaints } = readYaml(text)
  const [complaint] = complaints
  if (complaint !== undefined) {
    const { line, message } = complaint
    throw new QuorateError('preflight', `etcd's configuration file can't be read: line ${line}: ${message}`)
  }
  if (typeof content !== 'object' || content === null) return {}
  const settings: Record<string, string> = {}
  for (const [key, value] of Object.entries(content)) {
    const prefix = TRANSPORT[key]
    if (prefix !== undefined && typeof value === 'object' && value !== null) {
      for (const [inner, own] of Object.entries(value)) settings[`${prefix}${inner}`] = textOf(own)
    } else settings[key] = textOf(value)
  }
  return settings
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(',')
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function flagIs(settings: Settings, flag: string): boolean {
  return settings[flag] === 'true'
}

/** URLs of a setting that holds several, with commas between. */
export function urlsOf(settings: Settings, flag: string): readonly URL[] {
  return (settings[flag] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text))
}

/** A URL's host as the cluster file writes addresses: without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}
