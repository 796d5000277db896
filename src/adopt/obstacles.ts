/** The obstacles to adopting a cluster: all at once, each with a fix. */
import { QuorateError } from '../errors.ts'
import type { Problem } from '../etcd/health.ts'
import { parseChain, subjectLine } from '../pki/chain.ts'
import type { BlockReason } from '../engine/step.ts'
import { type SeenCertificate, dataDirectoryOf, walDirectoryOf } from './files.ts'
import {
  type Member,
  type Members,
  areMembers,
  certificatesOf,
  clientListeners,
  clientPort,
  common,
  leafOf,
  peerPlace,
  servesLoopback,
  trustedCa,
} from './member.ts'
import { makesItsCertificates } from './settings.ts'

/** Users that etcd may run as: quorate's members run as `etcd`, and files of root can be handed over. */
const USERS: readonly string[] = ['etcd', 'root']

/**
 * @param problems what `judgeView` reports about the current cluster
 * @param authentication whether etcd's own users are active
 */
export function obstaclesOf(
  members: readonly Member[],
  problems: readonly Problem[],
  authentication = false,
): BlockReason[] {
  if (authentication) return [USERS_IN_USE]
  const own = members.flatMap((member) => [
    ...listeners(member),
    ...certificates(member),
    ...processTroubles(member),
  ])
  const together = areMembers(members) ? [...unlike(members), ...authorities(members)] : []
  return [...health(problems), ...own, ...together]
}

/** Then no request is answered, so nothing else can be checked. */
const USERS_IN_USE: BlockReason = {
  id: 'authentication-is-enabled',
  message: "etcd's authentication is enabled (auth enable), and quorate has no user in it",
  hint: 'if certificates alone suffice to identify clients: etcdctl auth disable',
}

/**
 * The certificates that quorate issues contain the node's name, and clients' contain no names: these flags would reject
 * them.
 */
const NARROWING = [
  'peer-cert-allowed-cn',
  'peer-cert-allowed-hostname',
  'client-cert-allowed-cn',
  'client-cert-allowed-hostname',
]

/** Only a healthy cluster can be adopted. */
function health(problems: readonly Problem[]): BlockReason[] {
  return problems.map(({ member, message }) => ({
    id: 'cluster-is-not-healthy',
    host: member,
    message: member === undefined ? message : `the member ${message}`,
    hint: 'first fix the cluster with the tools that set it up: quorate adopts only a healthy cluster',
  }))
}

function listeners(member: Member): BlockReason[] {
  const host = member.name
  const found: BlockReason[] = []
  const [peer = ''] = member.listed.peerUrls
  if (member.listed.peerUrls.length !== 1) {
    const message = `the member has ${member.listed.peerUrls.length} peer URLs (${member.listed.peerUrls.join(', ')}), but the cluster file supports only one`
    found.push({
      id: 'peer-url-does-not-fit',
      host,
      message,
      hint: 'keep one of them: etcdctl member update',
    })
  } else if (peerPlace(member) === undefined) {
    const message = `the peer URL of the member has a name (${peer}), but the cluster file needs an address`
    found.push({
      id: 'peer-url-does-not-fit',
      host,
      message,
      hint: `give it its address: etcdctl member update`,
    })
  }
  const clients = clientListeners(member.settings)
  const port = clientPort(member.settings)
  if (port === undefined) {
    const message = 'etcd has no listener for clients'
    found.push({ id: 'no-listener-on-loopback', host, message, hint: 'set listen-client-urls' })
  } else if (!tellsItsPlace(member) && !clients.some((one) => one.port === port && servesLoopback(one))) {
    const message = `etcd does not listen on 127.0.0.1:${port}, which quorate's tunnel uses`
    found.push({
      id: 'no-listener-on-loopback',
      host,
      message,
      hint: `add ${clients.some(({ tls }) => tls) ? 'https' : 'http'}://127.0.0.1:${port} to its listen-client-urls`,
    })
  }
  return found
}

/** Its environment shows where it listens, so quorate finds it until it is restarted with quorate's settings. */
function tellsItsPlace({ process, settings }: Member): boolean {
  const said = process.environment['ETCD_LISTEN_CLIENT_URLS']
  return said !== undefined && said === settings['listen-client-urls']
}

function certificates({ name: host, settings, files }: Member): BlockReason[] {
  const found: BlockReason[] = []
  for (const [flag, file] of [
    ['cert-file', files.server],
    ['peer-cert-file', files.peer],
    ['trusted-ca-file', files.clientCa],
    ['peer-trusted-ca-file', files.peerCa],
  ] as const) {
    const set = settings[flag]
    if (set !== undefined && leafOf(file) === undefined)
      found.push({
        id: 'unreadable-certificate',
        host,
        message: `the ${flag} ${set} of etcd is not a readable certificate`,
      })
  }
  for (const flag of NARROWING) {
    if (settings[flag] === undefined) continue
    const message = `etcd accepts only certificates for ${settings[flag]} (${flag}), and quorate's are not`
    found.push({ id: 'certificates-for-one-name-only', host, message, hint: 'first remove that setting' })
  }
  for (const role of ['', 'peer-'] as const) {
    if (!makesItsCertificates(settings, role)) continue
    const message = `etcd creates its own certificates (${role}auto-tls)`
    found.push({
      id: 'etcd-makes-its-certificates',
      host,
      message,
      hint: 'first give it certificates of a CA',
    })
  }
  return found
}

function processTroubles({ name: host, process }: Member): BlockReason[] {
  if (USERS.includes(process.user)) return []
  const message = `etcd runs as the user ${process.user}; quorate runs it as etcd, and changing the owner of the data would stop it`
  return [
    {
      id: 'etcd-of-another-user',
      host,
      message,
      hint: 'first run it as etcd (or root), with its data owned by etcd',
    },
  ]
}

/** Settings that the cluster file has once for all members. */
function unlike(members: Members): BlockReason[] {
  const shared: Readonly<Record<string, (member: Member) => string | number | undefined>> = {
    'the version of etcd': ({ version }) => version,
    'etcd.dataDirectory': ({ process, settings }) => dataDirectoryOf(process, settings),
    'etcd.walDirectory': ({ process, settings }) => walDirectoryOf(process, settings),
    'etcd.clientPort': ({ settings }) => clientPort(settings),
    'etcd.peerPort': (member) => peerPlace(member)?.port,
  }
  return Object.entries(shared).flatMap(([what, read]): readonly BlockReason[] => {
    const { differing } = common(members, read)
    if (differing === undefined) return []
    return [
      {
        id: 'members-differ',
        message: `${what} must be the same for all members, but differs: ${differing}`,
        hint: 'first set the same value on all members',
      },
    ]
  })
}

/** A single CA for everything: the first certificate that quorate issues would cut off users of another CA. */
function authorities(members: Members): BlockReason[] {
  const found: BlockReason[] = []
  const { differing } = common(members, fingerprints)
  if (differing !== undefined) {
    const list = members.map(({ name, files }) => `${name}: ${subjects(trustedCa({ files }))}`).join('; ')
    found.push({
      id: 'cas-differ',
      message: `the members trust different CAs: ${list}`,
      hint: 'first give all members the same bundle',
    })
  }
  for (const { name: host, files } of members) {
    const [client, peer] = [leafOf(files.clientCa), leafOf(files.peerCa)]
    const tangled = files.clientCa && notOneChain(files.clientCa)
    if (tangled !== undefined)
      found.push({
        id: 'cas-differ',
        host,
        message: tangled,
        hint: 'first reduce the bundle to one CA with its issuers, which quorate can keep',
      })
    if (client === undefined || peer === undefined || client.fingerprint256 === peer.fingerprint256) continue
    const message = `clients and peers have different CAs (${subjectLine(client)}; ${subjectLine(peer)}), but the cluster file supports only one`
    found.push({
      id: 'cas-differ',
      host,
      message,
      hint: 'make both trust both CAs, then issue all certificates from one of them',
    })
  }
  return found
}

function fingerprints(member: Member): string {
  return certificatesOf(trustedCa(member))
    .map(({ fingerprint256 }) => fingerprint256)
    .join()
}

/** Why the bundle is more than one CA and those above it; undefined: it is not more. */
function notOneChain(file: SeenCertificate): string | undefined {
  try {
    parseChain(file.pem, file.path)
    return undefined
  } catch (error) {
    if (error instanceof QuorateError) return error.message
    throw error
  }
}

function subjects(file: Member['files']['clientCa']): string {
  return certificatesOf(file).map(subjectLine).join(' and ') || 'none'
}
