/** etcd's program also runs as what is no member: it passes on to members what clients ask. */
import type { Settings } from './settings.ts'
import type { EtcdProcess } from './machine-facts.ts'

export interface PassesOn {
  /** As in `etcd gateway start`. */
  readonly kind: 'gateway' | 'grpc-proxy' | 'proxy'
  /** Where to, as its command line says it; undefined: it doesn't. */
  readonly to: string | undefined
}

/** etcd looks at its first word alone for this. `proxy` (v2, until 3.5) is a setting. undefined: it is a member. */
export function passesOn({ command }: EtcdProcess, settings: Settings): PassesOn | undefined {
  const [, kind] = command
  if (kind === 'gateway' || kind === 'grpc-proxy') return { kind, to: settings['endpoints'] }
  const { proxy = 'off' } = settings
  return proxy === 'off' ? undefined : { kind: 'proxy', to: settings['initial-cluster'] }
}
