/** Where the parts of a schedule lie on its node. */

/** Takes the backups; owns nothing but their state, and what lies in a folder of the store. */
export const SCHEDULE_USER = 'quorate-backup'

export const PLACES = {
  /** quorate as one file. */
  program: '/usr/local/lib/quorate/quorate',
  /** etcd's own for snapshots: etcdutl, or etcdctl before 3.5. Not under its name, which members' own has. */
  tool: '/usr/local/lib/quorate/snapshot-tool',
  folder: '/etc/quorate-backup',
  config: '/etc/quorate-backup/config.json',
  /** As the operator has it: it goes into the backups, and quorate itself can be used with it there. */
  clusterFile: '/etc/quorate-backup/cluster.yaml',
  /** The CA's key (age, armored), which only those can open whom the backups are for. */
  caKey: '/etc/quorate-backup/ca-key.age',
  /** Kubernetes' CAs and keys, sealed in the same way. */
  kubernetesKeys: '/etc/quorate-backup/kubernetes-keys.age',
  key: '/etc/quorate-backup/client.key',
  certificate: '/etc/quorate-backup/client.crt',
  trust: '/etc/quorate-backup/ca.crt',
  /** Signs the backups (OpenSSH); root's alone: systemd hands it to each run (LoadCredential=). */
  signingKey: '/etc/quorate-backup/signing.key',
  /** Whose word counts that a backup was proven. */
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

/** The name of the signing key in the folder that systemd makes for a run ($CREDENTIALS_DIRECTORY). */
export const SIGNING_CREDENTIAL = 'signing.key'

export const SERVICE = 'quorate-backup.service'
export const TIMER = 'quorate-backup.timer'

/** Where Debian's node exporter looks for metrics in files. */
export const NODE_EXPORTER = '/var/lib/prometheus/node-exporter'
