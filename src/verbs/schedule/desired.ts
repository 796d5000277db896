/** The desired schedule, from the cluster file and the command line, and what it requires on its node. */
import { createHash } from 'node:crypto'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { whyCertificate } from '../../schedule/certificate.ts'
import type { WantedFile, WantedSchedule } from '../../schedule/changes.ts'
import { type ScheduleConfig, renderConfig } from '../../schedule/config.ts'
import { scheduleNode } from '../../schedule/choose-node.ts'
import type { ScheduleThere } from '../../schedule/look.ts'
import { PLACES, SCHEDULE_USER } from '../../schedule/places.ts'
import { calendar, serviceUnit, timerUnit } from '../../schedule/units.ts'
import type { Retention, StoreLocation } from '../../spec/backup.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { BACKUP_DEFAULTS } from '../../spec/defaults.ts'

export interface ScheduleChoice {
  /** A node's name; default: the one in the cluster file, or the first with the role service. */
  readonly node?: string | undefined
  /** systemd's OnCalendar, or `hour`, `day`, `week`, `month`. */
  readonly every?: string | undefined
  readonly keep?: Partial<Retention> | undefined
  readonly store?: StoreLocation | undefined
  /** age's public keys. */
  readonly recipients?: readonly string[] | undefined
}

export interface DesiredSchedule {
  readonly node: Node
  readonly every: string
  readonly keep: Retention
  readonly store: StoreLocation
  readonly recipients: readonly string[]
}

/** @throws QuorateError `usage` naming what is missing */
export function desiredSchedule(cluster: Cluster, choice: ScheduleChoice): DesiredSchedule {
  const { backup } = cluster
  const store = choice.store ?? backup?.store
  if (store === undefined) {
    throw new QuorateError('usage', 'a schedule needs a backup location', {
      hint: 'set it in the cluster file (backup.store), or give --store DIR or --store s3://BUCKET/PREFIX',
    })
  }
  const recipients = choice.recipients ?? backup?.recipients ?? []
  if (recipients.length === 0) {
    throw new QuorateError('usage', "a schedule needs recipients: it can't ask for a passphrase", {
      id: 'schedule-needs-recipients',
      hint: 'create a key pair with age-keygen -o backup.key and keep that file elsewhere. Set its public key (age1…) in the cluster file (backup.recipients), or give --recipient',
    })
  }
  const every = calendar(choice.every ?? backup?.schedule?.every ?? BACKUP_DEFAULTS.every)
  const keep = { ...(backup?.schedule?.keep ?? BACKUP_DEFAULTS.keep), ...choice.keep }
  return { node: scheduleNode(cluster, choice.node), every, keep, store, recipients }
}

/** The programs that are copied to the node. */
export interface ScheduleSources {
  readonly program: Pushed
  /** etcd's tool for snapshots, of the cluster's version. */
  readonly tool: Pushed & { readonly name: 'etcdutl' | 'etcdctl' }
}

interface Pushed {
  /** Absolute path on this workstation. */
  readonly file: string
  readonly sizeBytes: number
  /** Hex. */
  readonly sha256: string
}

/** What a schedule takes from this workstation, besides the desired settings. */
export interface ScheduleSupplies extends ScheduleSources {
  /** The cluster file's text. */
  readonly clusterFile: string
  /** PEM: the CAs that members' certificates may come from. */
  readonly trust: string
  /** Identifies the recipients and the CA of the sealed key; undefined: there is no key to send. */
  readonly caKeyMark: string | undefined
  /** The same of Kubernetes' CAs and keys. */
  readonly kubernetesKeysMark: string | undefined
  /** What the node still needs so that its signatures count. */
  readonly signing: Pick<WantedSchedule, 'signingKey' | 'allowSigner'>
  /** The operator's lines of the allowed signers. The node does not need a line for itself. */
  readonly operators: string
  readonly exporter: string
  readonly now: Date
}

/** @throws QuorateError `usage` if systemd on the node rejects the times, or the node can't use the backup location */
export async function wantedSchedule(
  cluster: Cluster,
  desired: DesiredSchedule,
  there: ScheduleThere,
  supplies: ScheduleSupplies,
): Promise<WantedSchedule> {
  const { node, every, store } = desired
  if (there.refused !== undefined || there.periodSeconds === undefined) {
    throw new QuorateError('usage', `'${every}' is not a repeating time`, {
      id: 'not-a-repeating-time',
      host: node.name,
      hint: `use a form of systemd.time(7), for example hourly, daily or *-*-* 03:00:00 (${there.refused ?? 'this one occurs once, or never'})`,
    })
  }
  const unit = { cluster: cluster.name, every, periodSeconds: there.periodSeconds, store }
  const files: WantedFile[] = [
    own(PLACES.trust, 'the CAs that it trusts', supplies.trust),
    ...(await storeFiles(store)),
    own(PLACES.signers, 'the signers whose test restore records it accepts', supplies.operators),
    own(PLACES.clusterFile, 'the present cluster file, for the backups', supplies.clusterFile),
    own(PLACES.config, 'the settings of a run', renderConfig(configOf(cluster, desired, supplies))),
    system(PLACES.service, 'the service that takes one backup', serviceUnit(unit)),
    system(PLACES.timer, `when: ${every}`, timerUnit(unit)),
  ]
  return {
    files,
    programSha256: supplies.program.sha256,
    programBytes: supplies.program.sizeBytes,
    tool: supplies.tool,
    certificate: whyCertificate(cluster, there, supplies),
    ...supplies.signing,
    caKey: lacks(there, PLACES.caKey, 'caKeyMark', supplies),
    kubernetesKeys: lacks(there, PLACES.kubernetesKeys, 'kubernetesKeysMark', supplies),
    unwanted: [
      ...[PLACES.storeCa, PLACES.storeCredentials].filter(
        (path) => !files.some((file) => file.path === path),
      ),
      ...(supplies.caKeyMark === undefined ? [PLACES.caKey] : []),
      ...(supplies.kubernetesKeysMark === undefined ? [PLACES.kubernetesKeys] : []),
    ],
    exporter: supplies.exporter,
  }
}

/**
 * Identifies the recipients of a sealed file, and the CA or keys in it.
 *
 * @param identity public: distinguishes these keys from others
 */
export function sealMark(recipients: readonly string[], identity: string): string {
  const parts = [...recipients.toSorted(), identity]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

function configOf(cluster: Cluster, desired: DesiredSchedule, supplies: ScheduleSupplies): ScheduleConfig {
  const { clientPort, plaintextClients } = cluster.etcd
  return {
    format: 1,
    cluster: cluster.name,
    node: desired.node.name,
    members: etcdNodes(cluster).map(({ name, address }) => ({ name, address, port: clientPort })),
    plaintext: plaintextClients,
    store: storeThere(desired.store),
    recipients: [...desired.recipients],
    every: desired.every,
    etcdVersion: cluster.etcd.version,
    tool: supplies.tool.name,
    exporter: supplies.exporter,
    keep: desired.keep,
    ...(supplies.caKeyMark === undefined ? {} : { caKeyMark: supplies.caKeyMark }),
    ...(supplies.kubernetesKeysMark === undefined ? {} : { kubernetesKeysMark: supplies.kubernetesKeysMark }),
  }
}

/** The backup location as the node sees it: its files have other paths. */
function storeThere(store: StoreLocation): ScheduleConfig['store'] {
  if (store.kind === 'directory') return store
  const { kind, bucket, prefix, region, pathStyle, endpoint, lockDays } = store
  return {
    kind,
    bucket,
    prefix,
    region,
    pathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(lockDays === undefined ? {} : { lockDays }),
    ...(store.ca === undefined ? {} : { ca: PLACES.storeCa }),
    ...(store.credentials === undefined ? {} : { credentials: PLACES.storeCredentials }),
  }
}

async function storeFiles(store: StoreLocation): Promise<readonly WantedFile[]> {
  if (store.kind === 'directory') return []
  if (store.credentials === undefined) {
    throw new QuorateError(
      'usage',
      'the backup location needs credentials in a file: a service has no AWS_* variables',
      {
        hint: 'set backup.store.s3.credentials in the cluster file: a private YAML file with accessKeyId and secretAccessKey',
      },
    )
  }
  const credentials = await textOf(store.credentials)
  const ca = store.ca === undefined ? undefined : await textOf(store.ca)
  return [
    ...(ca === undefined ? [] : [own(PLACES.storeCa, "the CA of the backup location's certificate", ca)]),
    {
      ...own(PLACES.storeCredentials, "the backup location's access key", credentials),
      owner: SCHEDULE_USER,
      mode: '600',
    },
  ]
}

async function textOf(file: string): Promise<string> {
  try {
    return await readText(file)
  } catch (error) {
    throw QuorateError.from(error, 'store', `can't read ${file}`, {
      hint: 'check its path in the cluster file, under backup.store',
    })
  }
}

type Mark = 'caKeyMark' | 'kubernetesKeysMark'

/** Whether a sealed file has to be sent: it is wanted, and the one on the node is missing, or for other recipients. */
function lacks(
  { files, config = '' }: ScheduleThere,
  path: string,
  key: Mark,
  { [key]: mark }: Pick<ScheduleSupplies, Mark>,
): boolean {
  return mark !== undefined && !(files[path] !== undefined && config.includes(`"${key}": "${mark}"`))
}

function own(path: string, what: string, text: string): WantedFile {
  return { path, what, text, owner: 'root', group: SCHEDULE_USER, mode: '640' }
}

function system(path: string, what: string, text: string): WantedFile {
  return { path, what, text, owner: 'root', group: 'root', mode: '644' }
}
