/** The effective settings of an etcd process, whatever their source: see `etcd/reading.ts`. */
import { QuorateError } from '../errors.ts'
import { type Reading, readSettings } from '../etcd/reading.ts'
import { environmentName } from '../etcd/versions.ts'
import type { EtcdProcess } from './machine-facts.ts'

/** By flag name without dashes: `heartbeat-interval`. Booleans are always `true` or `false`, however they were written. */
export type Settings = Readonly<Record<string, string>>

/**
 * @param version undefined: unknown
 * @throws QuorateError `preflight` if its configuration file is not plain YAML
 */
export function readingOf(process: EtcdProcess, version?: string): Reading {
  const { command, environment, configuration: file } = process
  const reading = readSettings({ version, command, environment, file })
  if (reading.unreadable === undefined) return reading
  throw new QuorateError('preflight', `etcd's configuration file can't be read: ${reading.unreadable}`, {
    id: 'configuration-file-is-no-yaml',
  })
}

/** Empty values count as unset. Variables that etcd doesn't know are included, so that they can be reported. */
export function settingsOf(process: EtcdProcess, version?: string): Settings {
  const { settings, passedOver } = readingOf(process, version)
  const unknown = passedOver.filter(
    ({ source, because }) => source === 'environment' && because === 'unknown',
  )
  const found = Object.fromEntries([
    ...unknown.map(({ name }) => [flagOf(name), process.environment[name] ?? ''] as const),
    ...Object.entries(settings).flatMap(([flag, { value }]) =>
      value === '' ? [] : [[flag, value] as const],
    ),
  ])
  return { ...withCa(found, ''), ...withCa(found, 'peer-'), ...found }
}

/** 3.3 trusts the CAs in `ca-file` like those in `trusted-ca-file`. */
function withCa(found: Settings, role: '' | 'peer-'): Settings {
  const file = found[`${role}ca-file`]
  return file === undefined ? {} : { [`${role}trusted-ca-file`]: file }
}

function flagOf(name: string): string {
  return name.slice(environmentName('').length).toLowerCase().replaceAll('_', '-')
}

/** The value of a boolean flag that a process was started with. */
export function flagIs(settings: Settings, flag: string): boolean {
  return settings[flag] === 'true'
}

/** For clients, or for peers: etcd generates certificates (auto-tls) only if no certificate files are set. */
export function makesItsCertificates(settings: Settings, role: '' | 'peer-'): boolean {
  const given = settings[`${role}cert-file`] || settings[`${role}key-file`]
  return flagIs(settings, `${role}auto-tls`) && !given
}

/** The URLs of a setting that holds several, separated by commas. */
export function urlsOf(settings: Settings, flag: string): readonly URL[] {
  return (settings[flag] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text))
}

/** A URL's host in the form of the cluster file: without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}
