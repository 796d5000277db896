/** Settings that are valid separately, but with which etcd doesn't start together. */
import { goBoolean } from '../spec/go-values.ts'

export interface PairFault {
  /** The setting that it is about. */
  readonly name: string
  readonly message: string
  readonly hint: string
}

type Settings = Readonly<Record<string, string>>

export function pairFaults(version: string, settings: Settings): readonly PairFault[] {
  return [...tls(version, settings), ...rotation(version, settings)]
}

function rotation(version: string, settings: Settings): readonly PairFault[] {
  const name = 'enable-log-rotation'
  if (goBoolean(settings[name] ?? '') !== true || /^\/[^,]+$/.test(settings['log-outputs'] ?? '')) return []
  const message = `etcd ${version} does not start with ${name} unless log-outputs is a single file`
  return [{ name, message, hint: 'remove it: the journal rotates by itself' }]
}

function tls(version: string, settings: Settings): readonly PairFault[] {
  const [least, most] = [settings['tls-min-version'], settings['tls-max-version']]
  if (least !== 'TLS1.3') return []
  const say = (name: string, hint: string) => [
    {
      name,
      message: `etcd ${version} does not start with ${name} and tls-min-version TLS1.3 together`,
      hint,
    },
  ]
  if (most === 'TLS1.2') return say('tls-max-version', 'remove one of them')
  if (settings['cipher-suites'] !== undefined)
    return say('cipher-suites', 'remove it: they are for TLS 1.2 alone')
  return []
}
