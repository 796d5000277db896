/**
 * What each command changes, and whether it leaves a record of that in `operations/` (docs/concepts/availability-probe.md). A test compares
 * the names with the catalog, and the recorded ones with the verbs that operations record: none can be forgotten.
 *
 * - `nothing`: it looks, and at most writes what it saw to a file that it was given.
 * - `recorded`: machines, the cluster, its keys, its CA, its trust or its backups; a record says when, how it ended, and with
 *   which steps, also of a run that failed or was killed.
 * - `own`: something whose record would say no more than the thing itself (a backup, a bundle, a cluster file, a lab), or that nobody
 *   but its user can know (`run`, `etcdctl`, `kubectl`: their words may be secret).
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
 * Commands that give no member other settings: they look, help in need, or work on what runs as it is. Settings that this
 * version of etcd refuses are a warning to them. `recover` checks before it begins.
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
