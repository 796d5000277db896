/** Makes the cluster file of an existing cluster: its effective settings, as far as the file has keys for them. */
import { LISTENERS } from '../spec/listen-urls.ts'
import { reservedBecause } from '../spec/reserved-settings.ts'
import type { ClusterFile } from '../spec/schema.ts'
import { SAFEGUARD, turnsSafeguardOff, withoutSafeguard } from '../etcd/feature-gates.ts'
import { environmentName, knownFlags } from '../etcd/versions.ts'
import { describe } from '../pki/certificate.ts'
import { dataDirectoryOf, walDirectoryOf } from './files.ts'
import {
  type Member,
  type Members,
  type Remark,
  type RemarkId,
  clientListeners,
  clientPort,
  common,
  leafOf,
  peerPlace,
  servesLoopback,
  servesPlaintext,
} from './member.ts'
import { furtherSettings, isMetricsPortTaken } from './further-listeners.ts'
import { ownNames } from './names.ts'
import { flagIs } from './settings.ts'
import { counted } from '../spec/units.ts'

export interface Wishes {
  readonly name: string
  /** How all nodes are reached, as in the cluster file. */
  readonly ssh: NonNullable<ClusterFile['ssh']>
  readonly authority: NonNullable<NonNullable<ClusterFile['pki']>['authority']>
  readonly source: ClusterFile['etcd']['source']
  /** flannel's configuration, as stored. */
  readonly network?: ClusterFile['network']
}

export interface Draft {
  readonly content: ClusterFile
  readonly remarks: readonly Remark[]
}

const DAY_MS = 86_400_000
/**
 * With a validity outside of these limits, certificates would expire too early or too late: quorate uses its own
 * default then.
 */
const DAYS = { least: 7, most: 825, standard: 365 }
const ALGORITHMS = ['ecdsa-p256', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const

/** For members without obstacles to adoption (`obstaclesOf`). */
export function draftClusterFile(members: Members, wishes: Wishes): Draft {
  const remarks: Remark[] = []
  const names = ownNames(members, (remark) => remarks.push(remark))
  const nodes = members.map((member): ClusterFile['nodes'][number] => {
    const { host, user } = member.destination
    const address = peerPlace(member)?.address ?? host
    const ssh = {
      ...(host === address ? {} : { host }),
      ...(user === undefined || user === wishes.ssh.user ? {} : { user }),
    }
    const own = names.get(member.name)
    return {
      name: member.name,
      ...nameInEtcd(member, remarks),
      address,
      roles: ['etcd'],
      ...(own === undefined || own.addresses.length === 0 ? {} : { addresses: [...own.addresses] }),
      ...(own === undefined || own.names.length === 0 ? {} : { names: [...own.names] }),
      ...(Object.keys(ssh).length === 0 ? {} : { ssh }),
    }
  })
  const content: ClusterFile = {
    name: wishes.name,
    ...(Object.keys(wishes.ssh).length === 0 ? {} : { ssh: wishes.ssh }),
    nodes,
    pki: { authority: wishes.authority, ...certificateHabits(members, remarks) },
    etcd: {
      ...etcdPart(members, remarks),
      ...(wishes.source === undefined ? {} : { source: wishes.source }),
    },
    ...(wishes.network === undefined ? {} : { network: wishes.network }),
    // The nodes have all the packages that they need; nothing is installed unless requested.
    packages: [],
  }
  return { content, remarks }
}

/** Keeps the name in etcd if the cluster file can contain it: a new name would need a restart, without any benefit. */
function nameInEtcd(
  { name, nameLost, listed: { etcdName } }: Member,
  remarks: Remark[],
): Pick<ClusterFile['nodes'][number], 'etcdName'> {
  if (etcdName === undefined) return {}
  const message =
    nameLost === undefined
      ? `etcd knows this member as ${etcdName}: that name is kept (etcdName)`
      : `the etcd name ${etcdName} can't be kept: ${nameLost}. quorate apply restarts it as ${name}`
  const id = nameLost === undefined ? 'etcd-name-is-kept' : 'etcd-name-is-lost'
  remarks.push({ id, host: name, severity: nameLost === undefined ? 'note' : 'warning', message })
  return nameLost === undefined ? { etcdName } : {}
}

function certificateHabits(members: readonly Member[], remarks: Remark[]): ClusterFile['pki'] {
  const single = members.every(({ settings }) => settings['cert-file'] === settings['peer-cert-file'])
  const facts = members.flatMap(({ files }) => leafOf(files.server) ?? []).map(describe)
  const [first] = facts
  const algorithm = ALGORITHMS.find((name) => name === first?.keyAlgorithm)
  if (first !== undefined && algorithm === undefined)
    note(
      remarks,
      'new-certificates-differ',
      `keys are ${first.keyAlgorithm} today; new ones will be ecdsa-p256`,
    )
  const days = first && Math.round((first.notAfter.getTime() - first.notBefore.getTime()) / DAY_MS)
  const usual = days !== undefined && days >= DAYS.least && days <= DAYS.most
  if (days !== undefined && !usual)
    note(
      remarks,
      'new-certificates-differ',
      `certificates are valid for ${counted(days, 'day')} today; new ones will be for ${DAYS.standard}`,
    )
  return {
    layout: single ? 'single' : 'separate',
    ...(algorithm === undefined ? {} : { algorithm }),
    days: usual ? days : DAYS.standard,
  }
}

function etcdPart(members: Members, remarks: Remark[]): ClusterFile['etcd'] {
  const { value: version = '' } = common(members, (member) => member.version)
  const [first] = members
  const dataDirectory = dataDirectoryOf(first.process, first.settings)
  const clients = clientPort(first.settings) ?? 2379
  const plaintextClients = members.some(({ settings }) => servesPlaintext(settings))
  const plaintext = members.some(({ settings }) =>
    clientListeners(settings).some((one) => !one.tls && servesLoopback(one) && one.port === clients),
  )
  const v2 = members.some(({ settings }) => servesV2(version, settings))
  const peerPort = peerPlace(first)?.port ?? 2380
  return {
    version,
    dataDirectory,
    walDirectory: walDirectoryOf(first.process, first.settings),
    clientPort: clients,
    peerPort,
    ...(plaintextClients ? { plaintextClients: true } : {}),
    ...(plaintext && !plaintextClients ? { localPlaintext: true } : {}),
    // If metrics have no listener without a certificate today, none is opened.
    ...(members.every(({ settings }) => settings['listen-metrics-urls'] === undefined) ||
    isMetricsPortTaken(members)
      ? { metrics: 'clients' as const }
      : {}),
    ...(v2 ? { enableV2: true } : {}),
    settings: {
      ...freeSettings(members, version, remarks),
      ...furtherSettings(members, {
        clientPort: clients,
        peerPort,
        plaintext: plaintextClients ? 'all' : plaintext ? 'loopback' : 'none',
      }),
    },
  }
}

/** On by default in 3.3, and in no other version. */
function servesV2(version: string, settings: Member['settings']): boolean {
  if (!knownFlags(version).has('enable-v2')) return false
  return settings['enable-v2'] === undefined ? version.startsWith('3.3.') : flagIs(settings, 'enable-v2')
}

/** Only flags that name a file: quorate's unit lets etcd write only to its data. */
const LOG_FILES = ['enable-log-rotation', 'log-rotation-config-json']
/** Not carried over unchanged. */
const APART: readonly string[] = [...LOG_FILES, ...LISTENERS]
const LOG_OUTPUTS = ['log-output', 'log-outputs']
/** Any other value is a file, or the journal, which gets the log anyway. */
const STREAMS = /^(default|stderr|stdout)(,(default|stderr|stdout))*$/

/** The flags that the file accepts unchanged. `differences.ts` handles those that quorate decides. */
function freeSettings(members: Members, version: string, remarks: Remark[]): Record<string, string> {
  const known = knownFlags(version)
  const flags = new Set(members.flatMap(({ settings }) => Object.keys(settings)))
  const free: Record<string, string> = {}
  for (const flag of [...flags].sort()) {
    if (reservedBecause(flag) !== undefined || APART.includes(flag)) continue
    const { value, differing } = common(members, ({ settings }) => settings[flag])
    if (!known.has(flag)) {
      // It may have been set for another program, and contain a secret.
      const where = environmentName(flag)
      note(
        remarks,
        'not-a-setting',
        `${where} is not a setting of etcd ${version}, which ignores it: it is not in the cluster file`,
      )
      continue
    }
    if (LOG_OUTPUTS.includes(flag) && value !== undefined && !STREAMS.test(value)) {
      const message = `logs go to ${value} today; they will be in the journal`
      remarks.push({ id: 'logs-move-to-the-journal', host: undefined, severity: 'warning', message })
      continue
    }
    if (differing !== undefined)
      remarks.push({
        id: 'setting-differs',
        host: undefined,
        severity: 'warning',
        message: `${flag} differs between members (${differing}); the cluster file has ${value ?? 'none'}`,
      })
    if (value !== undefined) free[flag] = value
  }
  const gates = free['feature-gates']
  if (gates !== undefined) {
    const others = withoutSafeguard(gates)
    if (turnsSafeguardOff(gates)) {
      const message = `${SAFEGUARD}=false is not carried over: quorate keeps it on`
      remarks.push({ id: 'safeguard-stays-on', host: undefined, severity: 'warning', message })
    }
    if (others === '') delete free['feature-gates']
    else free['feature-gates'] = others
  }
  // Written out, because quorate's own default differs.
  free['auto-compaction-retention'] ??= '0'
  return free
}

function note(remarks: Remark[], id: RemarkId, message: string): void {
  remarks.push({ id, host: undefined, message, severity: 'note' })
}
