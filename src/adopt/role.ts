/** etcd's program can also run as a proxy: it is not a member then, and forwards clients' requests to members. */
import type { Settings } from './settings.ts'
import type { EtcdProcess } from './machine-facts.ts'

export interface PassesOn {
  /** As in `etcd gateway start`. */
  readonly kind: 'gateway' | 'grpc-proxy' | 'proxy'
  /** Where it forwards to, according to its command line; undefined: unknown. */
  readonly to: string | undefined
}

/** etcd only checks its first argument for this. `proxy` (v2, until 3.5) is a setting. undefined: it is a member. */
export function passesOn({ command }: EtcdProcess, settings: Settings): PassesOn | undefined {
  const [, kind] = command
  if (kind === 'gateway' || kind === 'grpc-proxy') return { kind, to: settings['endpoints'] }
  const { proxy = 'off' } = settings
  return proxy === 'off' ? undefined : { kind: 'proxy', to: settings['initial-cluster'] }
}
