/** Reads the lines that the agent's looks print into a `HostState`. */
import { createHash } from 'node:crypto'
import { readLogIdentity } from '../etcd/log-identity.ts'
import { parseProcessEnvironment } from '../etcd/process-environment.ts'
import { parseAccount } from './account.ts'
import { type NodeNeeds, packagesFor } from './needs.ts'
import type { Look } from './operations.ts'
import { parseOwners } from './package-owner.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { parseServices } from './services.ts'
import { parseSurroundings } from './surroundings.ts'
import {
  type Architecture,
  type BinaryState,
  type HostState,
  type Limits,
  type MemberState,
  PATHS,
  type PathState,
  type RestoreState,
  type Underway,
} from './state.ts'

/** The looks that a node is asked for. */
export function looksFor(cluster: Cluster, node: Node, tiers: readonly NodeNeeds[] = []): Look[] {
  const facts: Look = ['facts', { packages: packagesFor(cluster, node, tiers) }]
  const beside = tiers.flatMap((tier) => tier.looks(cluster, node))
  if (!node.roles.includes('etcd')) return [facts, ...beside]
  const { dataDirectory, walDirectory, clientPort, peerPort } = cluster.etcd
  const addresses = etcdNodes(cluster).flatMap(({ name, address }) => (name === node.name ? [] : [address]))
  const ports = { client: String(clientPort), peer: String(peerPort) }
  const member: Look = ['member', { data: dataDirectory, wal: walDirectory, ...ports, addresses }]
  return [facts, member, ...beside]
}

/** @param carriesEtcd whether the node was also asked about its etcd member. */
export function parseHostState(name: string, carriesEtcd: boolean, lines: readonly string[]): HostState {
  const reply = new Reply(lines)
  const [id = 'unknown', version = 'unknown'] = reply.one('os').split(' ')
  return {
    name,
    os: { id, version },
    architecture: architecture(reply.one('machine')),
    bootId: reply.one('boot'),
    packages: reply
      .all('package')
      .filter((text) => text.endsWith(' installed'))
      .map((text) => text.slice(0, -' installed'.length)),
    packageVersions: Object.fromEntries(reply.all('version').map((text) => split(text, ' '))),
    installer: reply.all('installer')[0],
    pinned: reply.all('pinned')[0],
    restore: parseRestore(reply),
    formerClusterIds: reply.all('former'),
    underway: parseUnderway(reply.all('underway')),
    services: parseServices(reply, reply.contents()),
    member: carriesEtcd ? parseMember(reply) : undefined,
  }
}

function parseUnderway(lines: readonly string[]): Underway | undefined {
  if (lines.length === 0) return undefined
  const all = Object.fromEntries(lines.map((line) => split(line, '=')))
  return { verb: all['verb'] ?? 'something', command: all['command'] ?? '', all }
}

function parseMember(reply: Reply): MemberState {
  const contents = reply.contents()
  const certificates: Record<string, { pem: string }> = {}
  const pending: Record<string, { csr: string; configuration: string }> = {}
  for (const [path, text] of Object.entries(contents)) {
    const certificate = /^\/etc\/ssl\/etcd\/([^/]+)\.crt$/.exec(path)?.[1]
    if (certificate !== undefined && certificate !== 'ca') certificates[certificate] = { pem: text }
    const request = /^\/etc\/ssl\/etcd\.d\/pending\/([^/]+)\.csr$/.exec(path)?.[1]
    if (request === undefined) continue
    pending[request] = { csr: text, configuration: contents[path.replace(/csr$/, 'cnf')] ?? '' }
  }
  const unit = Object.fromEntries(reply.all('unit').map((text) => split(text, ' ')))
  const [environment] = reply.all('environment')
  const links = new Map(reply.all('link').map((text) => split(text, ' ')))
  const paths = Object.fromEntries(
    reply
      .all('path')
      .map(parsePath)
      .map(
        ([path, state]) => [path, links.has(path) ? { ...state, leadsTo: links.get(path) } : state] as const,
      ),
  )
  return {
    account: parseAccount(reply.all('account')),
    packagedBy: parseOwners(reply.all('owner')),
    paths,
    dataPresent: reply.has('data'),
    walPresent: reply.has('wal'),
    logIdentity: readLogIdentity(Buffer.from(reply.one('identity'), 'base64')),
    limits: parseLimits(reply),
    stoppedByOperator: parseStopped(reply.all('stopped')),
    contents: managedTexts(contents, paths),
    binaries: Object.fromEntries(reply.all('binary').map(parseBinary)),
    tls: {
      certificates,
      keys: Object.fromEntries(reply.all('key').map(parseKey)),
      ca: contents[`${PATHS.tls}/ca.crt`],
      mark: contents[`${PATHS.tls}/ca.env`],
      pending,
    },
    unit: {
      exists: unit['LoadState'] === 'loaded',
      active: unit['ActiveState'] ?? 'unknown',
      enabled: unit['UnitFileState'] === 'enabled',
      needsReload: unit['NeedDaemonReload'] === 'yes',
      path: unit['FragmentPath'] ?? '',
      dropIns: (unit['DropInPaths'] ?? '').split(' ').filter(Boolean),
      masked: unit['LoadState'] === 'masked',
      surroundings: parseSurroundings((key) => reply.all(key)),
      mainPid: Number(unit['MainPID'] ?? 0),
      environment:
        environment === undefined
          ? undefined
          : parseProcessEnvironment(Buffer.from(environment, 'base64').toString('utf8')),
    },
    listening: reply.all('listening'),
    addresses: [...new Set(reply.all('address'))],
    sources: [...new Set(reply.all('source'))],
  }
}

/** `fixed PATH`, `inside DIRECTORY MOUNT`, `closed PATH DIRECTORY`, `room DIRECTORY BLOCKS SIZE INODES ALL-INODES` */
function parseLimits(reply: Reply): Limits {
  const inside: Record<string, string[]> = {}
  for (const [folder, mount] of reply.all('inside').map((text) => split(text, ' ')))
    inside[folder] = [...(inside[folder] ?? []), mount]
  const room = reply.all('room').map((text) => {
    const [folder = '', ...figures] = text.split(' ')
    const [blocks = 0, size = 0, inodes = 0, all = 0] = figures.map(Number)
    return [folder, { freeBytes: blocks * size, freeInodes: all > 0 ? inodes : undefined }] as const
  })
  return {
    fixed: reply.all('fixed'),
    inside,
    closed: Object.fromEntries(reply.all('closed').map((text) => within(...split(text, ' ')))),
    room: Object.fromEntries(room),
  }
}

/** The directory that can't be written to must be the path or a parent of it, whatever the node answers. */
function within(path: string, near: string): [string, string] {
  return [path, near === '/' || `${path}/`.startsWith(`${near}/`) ? near : path]
}

function parseStopped(lines: readonly string[]): MemberState['stoppedByOperator'] {
  if (lines.length === 0) return undefined
  const since = lines
    .map((line) => /^since=(\d[\dT:.-]{9,30}Z)$/.exec(line)?.[1])
    .find((text) => text !== undefined)
  return { since }
}

/** undefined: no restore, or its state file is incomplete, which means the same: it starts again on this node. */
function parseRestore(reply: Reply): RestoreState | undefined {
  const lines = reply.all('restore').map((text) => split(text, ' '))
  const { token, suffix, sha256, source, members, stage: reached } = Object.fromEntries(lines)
  if (token === undefined || suffix === undefined || sha256 === undefined || members === undefined)
    return undefined
  if (reached !== 'staged' && reached !== 'placed') return undefined
  if (![token, sha256].every(isMarkWord) || !isAsideSuffix('restore', suffix)) return undefined
  const moved = lines.flatMap(([key, value]) => (key === 'moved' ? [value] : []))
  return { token, suffix, sha256, source: source ?? '', members, reached, moved }
}

/**
 * The end of the name of what is renamed. Other endings, such as `recover-copy`, mark what the next run
 * removes.
 */
export function isAsideSuffix(verb: 'recover' | 'restore', text: string): boolean {
  return new RegExp(`^before-${verb}-[\\dTZ]{1,20}$`).test(text)
}

/**
 * The content of a state file becomes part of paths on every node of the cluster, so it is checked: no node
 * may redirect them.
 */
export function isMarkWord(text: string): boolean {
  return /^\w[\w-]{0,199}$/.test(text)
}

class Reply {
  readonly #lines: ReadonlyMap<string, readonly string[]>
  readonly #texts: readonly string[]

  constructor(lines: readonly string[]) {
    const byKey = new Map<string, string[]>()
    this.#texts = lines.filter((line) => line.startsWith('/'))
    for (const line of lines) {
      if (line.startsWith('/')) continue
      const [key, value] = split(line, ' ')
      const known = byKey.get(key)
      if (known) known.push(value)
      else byKey.set(key, [value])
    }
    this.#lines = byKey
  }

  all(key: string): readonly string[] {
    return this.#lines.get(key) ?? []
  }

  one(key: string): string {
    return this.all(key)[0] ?? ''
  }

  has(key: string): boolean {
    return this.#lines.has(key)
  }

  /**
   * Texts of files by path, from lines `PATH:LINE`. Whether the last line had a line end is not reported;
   * here it has one.
   */
  contents(): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {}
    for (const line of this.#texts) {
      const [path, text] = split(line, ':')
      texts[path] = `${texts[path] ?? ''}${text}\n`
    }
    return texts
  }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function parsePath(text: string): [string, PathState] {
  const [path = '', type = '', owner = '', group = '', mode = ''] = text.split('|')
  const kind = type.startsWith('regular') ? 'file' : type === 'directory' ? 'directory' : 'other'
  return [path, { type: kind, owner, group, mode }]
}

function parseBinary(text: string): [string, BinaryState] {
  const [name = '', sha256 = '', version = 'unknown'] = text.split(' ')
  return [name, { sha256, version: version === 'unknown' ? undefined : version }]
}

function architecture(machine: string): Architecture {
  if (machine === 'x86_64') return 'amd64'
  return machine === 'aarch64' ? 'arm64' : 'other'
}

/** An empty file has no line to show, but it exists. */
function managedTexts(
  contents: Readonly<Record<string, string>>,
  paths: Readonly<Record<string, PathState>>,
): Record<string, string> {
  const managed = [PATHS.environment, PATHS.clusterId, PATHS.unit].filter((path) => path in paths)
  return Object.fromEntries(managed.map((path) => [path, contents[path] ?? '']))
}

/** `etcd.key -----BEGINPUBLICKEY-----MFkw…`: PEM without its blanks. The key's name, and SHA-256 of the SPKI in it. */
function parseKey(text: string): [string, string] {
  const [file, pem] = split(text, ' ')
  const encoded = /^-+BEGINPUBLICKEY-+([^-]*)-+ENDPUBLICKEY-+$/.exec(pem)?.[1] ?? ''
  return [
    file.replace(/\.key$/, ''),
    createHash('sha256').update(Buffer.from(encoded, 'base64')).digest('hex'),
  ]
}
