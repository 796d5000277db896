/** Paths of the parts of a schedule on its node. */

/**
 * The user that takes the backups. It owns only their state, and its files in a directory that is the backup location.
 */
export const SCHEDULE_USER = 'quorate-backup'

export const PLACES = {
  /** quorate as one file. */
  program: '/usr/local/lib/quorate/quorate',
  /**
   * etcd's own tool for snapshots: etcdutl, or etcdctl before 3.5. Under another name, because the member's own tool
   * has that one.
   */
  tool: '/usr/local/lib/quorate/snapshot-tool',
  folder: '/etc/quorate-backup',
  config: '/etc/quorate-backup/config.json',
  /** As on the workstation: it goes into the backups, and quorate on the node can use it. */
  clusterFile: '/etc/quorate-backup/cluster.yaml',
  /** The CA's key (age, armored), which only the recipients of the backups can open. */
  caKey: '/etc/quorate-backup/ca-key.age',
  /** Kubernetes' CAs and keys, sealed in the same way. */
  kubernetesKeys: '/etc/quorate-backup/kubernetes-keys.age',
  key: '/etc/quorate-backup/client.key',
  certificate: '/etc/quorate-backup/client.crt',
  trust: '/etc/quorate-backup/ca.crt',
  /** Signs the backups (OpenSSH). Only root can read it: systemd passes it to each run (LoadCredential=). */
  signingKey: '/etc/quorate-backup/signing.key',
  /** The keys whose records of test restores count. */
  signers: '/etc/quorate-backup/allowed_signers',
  storeCa: '/etc/quorate-backup/store-ca.crt',
  storeCredentials: '/etc/quorate-backup/store-credentials.yaml',
  service: '/etc/systemd/system/quorate-backup.service',
  timer: '/etc/systemd/system/quorate-backup.timer',
  stateFolder: '/var/lib/quorate-backup',
  state: '/var/lib/quorate-backup/state.json',
  metrics: '/var/lib/quorate-backup/quorate_backup.prom',
  /** When the timer last fired, as systemd remembers it for Persistent=. */
  stamp: '/var/lib/systemd/timers/stamp-quorate-backup.timer',
} as const

/** Name of the signing key in the directory that systemd creates for a run ($CREDENTIALS_DIRECTORY). */
export const SIGNING_CREDENTIAL = 'signing.key'

export const SERVICE = 'quorate-backup.service'
export const TIMER = 'quorate-backup.timer'

/** Where Debian's node exporter reads metrics from files. */
export const NODE_EXPORTER = '/var/lib/prometheus/node-exporter'
