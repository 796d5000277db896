/** What would change once quorate has applied the cluster file, in addition to what the plan itself shows. */
import { sharesPortFrom } from '../etcd/hazards.ts'
import { environmentName } from '../etcd/versions.ts'
import { PATHS } from '../host/state.ts'
import { reservedBecause } from '../spec/reserved-settings.ts'
import type { Cluster } from '../spec/cluster.ts'
import { subjectLine } from '../pki/chain.ts'
import {
  type Member,
  type Remark,
  type RemarkId,
  certificatesOf,
  clientListeners,
  hasPlainPeers,
  peerPlace,
  servesLoopback,
  servesPlaintext,
} from './member.ts'
import { who } from './absence.ts'
import { METRICS } from './further-listeners.ts'
import { ambient, isOverruled, withoutEffect } from './without-effect.ts'
import { type Settings, flagIs } from './settings.ts'
import { runElsewhereBy } from './shape.ts'

/** etcd ignores these once a member has data; quorate writes its own. */
const FIRST_START = [
  'initial-cluster',
  'initial-cluster-state',
  'initial-cluster-token',
  'initial-advertise-peer-urls',
]

/** Flags that have their own key in the cluster file, or none because they have the same effect. */
const PLACED: ReadonlySet<string> = new Set(
  `name data-dir wal-dir config-file enable-v2 advertise-client-urls listen-client-urls listen-peer-urls
  listen-metrics-urls listen-client-http-urls cert-file key-file trusted-ca-file client-cert-auth peer-cert-file peer-key-file
  peer-trusted-ca-file peer-client-cert-auth`
    .split(/\s+/)
    .concat(FIRST_START),
)

/** A reserved flag with this value has the same effect as quorate's own setting. */
const SAME: Readonly<Record<string, string>> = {
  'strict-reconfig-check': 'true',
  'initial-corrupt-check': 'true',
  'experimental-initial-corrupt-check': 'true',
  'auto-tls': 'false',
  'peer-auto-tls': 'false',
  'force-new-cluster': 'false',
  proxy: 'off',
}

/** The program that quorate's members run. */
const PROGRAM = '/usr/local/bin/etcd'

export function differencesOf(cluster: Cluster, members: readonly Member[]): readonly Remark[] {
  return together(
    members.flatMap((member) =>
      [
        ...inTheWay(member),
        ...unit(member),
        ...neighbours(member),
        ...listeners(cluster, member),
        ...plaintext(cluster, member),
        ...safety(member),
        ...reserved(member.settings),
        ...withoutEffect(member),
        ...ambient(member),
        ...authority(member),
      ].map((one) => ({ ...one, host: member.name })),
    ),
    members.length,
  )
}

type Found = Omit<Remark, 'host'>

/** quorate can't change how it is run: `apply` refuses. */
function inTheWay(member: Member): Found[] {
  const by = runElsewhereBy(member)
  if (by === undefined) return []
  return [
    warning(
      'etcd-is-run-by-something-else',
      `etcd is run ${by}: apply will refuse to change it; status and the like work`,
    ),
  ]
}

function unit({ process }: Member): Found[] {
  const { unit: runs, user } = process
  const found: Found[] = []
  if (runs?.name === 'etcd.service') {
    if (runs.path !== PATHS.unit)
      found.push(
        note('unit-is-overruled', `the unit ${runs.path} will be overruled by quorate's own, ${PATHS.unit}`),
      )
    if (runs.dropIns.length > 0)
      found.push(
        note(
          'drop-ins-stay',
          `drop-ins stay effective with quorate's unit: ${runs.dropIns.join(', ')}; apply refuses those that override quorate's settings, and says how to remove them`,
        ),
      )
  }
  if (user !== 'etcd' && runs?.name === 'etcd.service')
    found.push(
      note(
        'user-changes',
        `etcd runs as ${user}; it will run as etcd in a sandbox, and its data will belong to etcd`,
      ),
    )
  if (process.configuration !== undefined && runs?.name === 'etcd.service')
    found.push(
      note(
        'configuration-file-is-not-read',
        `etcd no longer reads its configuration file; the settings are in the cluster file`,
      ),
    )
  return found
}

/** Other etcd processes on the node: left alone, except for the program that they may share with this member. */
function neighbours({ process, facts }: Member): Found[] {
  return facts.processes.flatMap((other): Found[] => {
    if (other.pid === process.pid) return []
    const found = [
      note('another-etcd-on-the-node', `another etcd runs on this node and stays unchanged: ${who(other)}`),
    ]
    if (other.executable !== PROGRAM) return found
    return [
      ...found,
      warning(
        'shared-program',
        `${who(other)} also runs ${PROGRAM}: after its next restart it runs the program that quorate installs`,
      ),
    ]
  })
}

function listeners({ etcd }: Cluster, member: Member): Found[] {
  const { settings } = member
  const isOwn = (address: string) =>
    ['0.0.0.0', '::'].includes(address) || address === peerPlace(member)?.address
  const found: Found[] = []
  for (const { tls, address, port } of clientListeners(settings)) {
    const loopback = servesLoopback({ tls, address, port }) && address !== '0.0.0.0' && address !== '::'
    const stays = tls || loopback || (etcd.plaintextClients && isOwn(address))
    if (port === etcd.clientPort && stays) continue
    found.push(
      warning(
        'listener-goes-away',
        `etcd serves clients at ${tls ? 'https' : 'http'}://${address}:${port} too; quorate's members do not, so its clients will lose the connection`,
      ),
    )
  }
  const metrics = settings['listen-metrics-urls']
  const elsewhere = etcd.metrics === 'local' ? `at ${METRICS}, and ` : ''
  if (metrics !== undefined && metrics !== METRICS && !('listen-metrics-urls' in etcd.settings))
    found.push(
      warning(
        'listener-goes-away',
        `metrics are served at ${metrics}; they will be ${elsewhere}for clients with a certificate`,
      ),
    )
  const http = settings['listen-client-http-urls']
  if (http !== undefined && !('listen-client-http-urls' in etcd.settings))
    found.push(
      warning(
        'listener-goes-away',
        `http is served at ${http}, separate from gRPC; it will be on the client port with a certificate`,
      ),
    )
  return found
}

/** What is without TLS today, and how apply changes that. */
function plaintext({ etcd }: Cluster, member: Member): Found[] {
  const found: Found[] = []
  if (hasPlainPeers(member))
    found.push(
      warning(
        'peers-without-tls',
        'peers connect without TLS, so any host that reaches the peer port can act as a peer: apply issues certificates for all members, then switches one after the other to https',
      ),
    )
  if (etcd.plaintextClients)
    found.push(
      warning(
        'clients-without-tls',
        sharesPortFrom(etcd.version) === undefined
          ? 'etcd serves clients without TLS, and will do so in addition to https until etcd.plaintextClients is removed from the cluster file'
          : `etcd serves clients without TLS, and only so until etcd.plaintextClients is removed from the cluster file: etcd ${etcd.version} doesn't reliably serve both on one port, ${sharesPortFrom(etcd.version)} does`,
      ),
    )
  return found
}

function safety(member: Member): Found[] {
  const { settings } = member
  const found: Found[] = []
  if (servesPlaintext(settings)) return found
  if (!flagIs(settings, 'client-cert-auth') && settings['trusted-ca-file'] === undefined)
    found.push(warning('clients-need-a-certificate', 'clients need no certificate today; they will need one'))
  if (
    !hasPlainPeers(member) &&
    !flagIs(settings, 'peer-client-cert-auth') &&
    settings['peer-trusted-ca-file'] === undefined
  )
    found.push(warning('peers-need-a-certificate', 'peers need no certificate today; they will need one'))
  return found
}

/** What quorate decides, and decides differently. */
function reserved(settings: Settings): Found[] {
  return Object.entries(settings).flatMap(([flag, value]): Found[] => {
    const reason = reservedBecause(flag)
    if (reason === undefined || PLACED.has(flag) || SAME[flag] === value) return []
    if (isOverruled(settings, flag)) return []
    return [
      warning(
        'setting-is-not-carried-over',
        `${environmentName(flag)}=${value} is not carried over: ${reason}`,
      ),
    ]
  })
}

function authority({ files }: Member): Found[] {
  const found = files.caKeys.map(({ path, owner, mode }) =>
    warning(
      'ca-key-on-a-member',
      `a private key of a CA is on this node: ${path} (${owner} ${mode}); an attacker with root on this node can issue certificates. After moving the key, set its location under pki.authority`,
    ),
  )
  const [ca] = certificatesOf(files.clientCa)
  return ca === undefined ? found : [...found, note('ca-stays', `the CA stays the same: ${subjectLine(ca)}`)]
}

/** Reports what is true for every member only once. */
function together(remarks: readonly Remark[], members: number): readonly Remark[] {
  const by = Map.groupBy(remarks, ({ message }) => message)
  return [...by.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined) return []
    return same.length === members && members > 1 ? [{ ...first, host: undefined }] : same
  })
}

function note(id: RemarkId, message: string): Found {
  return { id, message, severity: 'note' }
}

function warning(id: RemarkId, message: string): Found {
  return { id, message, severity: 'warning' }
}
