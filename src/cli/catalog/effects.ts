/**
 * What each command changes, and whether it leaves a record of that in `operations/`
 * (docs/concepts/availability-probe.md). A test compares these names with the catalog, and the recorded ones with the
 * commands that write records, so that none is forgotten.
 *
 * - `nothing`: it inspects, and at most writes the result to a file that it was given.
 * - `recorded`: nodes, the cluster, its keys, its CA, its trust or its backups. The record says when, how it ended, and
 *   with which steps, also if the run failed or was killed.
 * - `own`: a record would add nothing to the result itself (a backup, a bundle, a cluster file, a lab), or only the
 *   user knows what it does (`run`, `etcdctl`, `kubectl`: their arguments may be secret).
 */
export type Effect = 'nothing' | 'recorded' | 'own'

export const EFFECTS: Readonly<Record<string, Effect>> = {
  init: 'own',
  validate: 'nothing',
  nodes: 'nothing',
  trust: 'recorded',
  run: 'own',
  preflight: 'nothing',
  plan: 'nothing',
  apply: 'recorded',
  adopt: 'recorded',
  status: 'nothing',
  probe: 'nothing',
  etcdctl: 'own',
  kubectl: 'own',
  reset: 'recorded',
  'member add': 'recorded',
  'member remove': 'recorded',
  'member replace': 'recorded',
  upgrade: 'recorded',
  'bundle create': 'own',
  'bundle verify': 'nothing',
  'move-leader': 'recorded',
  restart: 'recorded',
  stop: 'recorded',
  start: 'recorded',
  quota: 'nothing',
  alarms: 'recorded',
  compact: 'recorded',
  defrag: 'recorded',
  'space reclaim': 'recorded',
  unjam: 'recorded',
  unlock: 'recorded',
  backup: 'own',
  'backup schedule': 'recorded',
  'backup scheduled': 'own',
  'backup list': 'nothing',
  'backup verify': 'own',
  'backup signers': 'recorded',
  'backup prune': 'recorded',
  restore: 'recorded',
  recover: 'recorded',
  repair: 'recorded',
  export: 'nothing',
  import: 'recorded',
  'certs list': 'nothing',
  'certs client': 'recorded',
  'certs renew': 'recorded',
  'certs rotate-ca': 'recorded',
  'certs csr': 'recorded',
  'certs import': 'recorded',
  kubeconfig: 'recorded',
  'lab up': 'own',
  'lab down': 'own',
  'lab status': 'nothing',
  explain: 'nothing',
  completion: 'nothing',
  __complete: 'nothing',
  version: 'nothing',
}

/**
 * Commands that give no member new settings: they inspect, repair, or work with the present settings. For them,
 * settings that this version of etcd refuses are only a warning. `recover` checks the settings before it starts.
 */
export const WRITES_NO_SETTINGS: ReadonlySet<string> = new Set([
  'nodes',
  'trust',
  'run',
  'status',
  'probe',
  'etcdctl',
  'kubectl',
  'move-leader',
  'restart',
  'stop',
  'start',
  'alarms',
  'compact',
  'defrag',
  'space reclaim',
  'unjam',
  'unlock',
  'backup',
  'backup list',
  'backup verify',
  'backup prune',
  'recover',
  'export',
  'bundle create',
  'certs list',
  'kubeconfig',
  'lab down',
  'lab status',
])
