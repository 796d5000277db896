/** Reads the lines that the agent's looks print into a `HostState`. */
import type { Cluster, Node } from '../spec/cluster.ts'
import {
  type Architecture,
  type BinaryState,
  type HostState,
  type MemberState,
  PATHS,
  type PathState,
} from './state.ts'

/** The looks that a node is asked for. */
export function looksFor(cluster: Cluster, node: Node): (readonly [string, ...string[]])[] {
  const facts = ['facts', ...cluster.packages] as const
  if (!node.roles.includes('etcd')) return [facts]
  const { dataDirectory, walDirectory, clientPort, peerPort } = cluster.etcd
  return [facts, ['member', dataDirectory, walDirectory, String(clientPort), String(peerPort)]]
}

/** @param carriesEtcd whether the node was asked as a member too. */
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
    member: carriesEtcd ? parseMember(reply) : undefined,
  }
}

function parseMember(reply: Reply): MemberState {
  const contents = reply.contents()
  const certificates: Record<string, { pem: string }> = {}
  const pending: Record<string, { csr: string; configuration: string }> = {}
  for (const [key, text] of Object.entries(contents)) {
    const certificate = /^tls\/(.+)\.crt$/.exec(key)?.[1]
    if (certificate !== undefined && certificate !== 'ca') certificates[certificate] = { pem: text }
    const request = /^pending\/(.+)\.csr$/.exec(key)?.[1]
    if (request !== undefined)
      pending[request] = { csr: text, configuration: contents[`pending/${request}.cnf`] ?? '' }
  }
  const unit = Object.fromEntries(reply.all('unit').map((text) => split(text, ' ')))
  const environment = contents['running-environment']
  const user = reply.all('user')
  return {
    userShell: user[0],
    paths: Object.fromEntries(reply.all('path').map(parsePath)),
    dataPresent: reply.has('data'),
    walPresent: reply.has('wal'),
    contents: pick({
      [PATHS.environment]: contents['options.env'],
      [PATHS.clusterId]: contents['cluster-id'],
      [PATHS.unit]: contents['etcd.service'],
    }),
    binaries: Object.fromEntries(reply.all('binary').map(parseBinary)),
    tls: {
      certificates,
      keys: Object.fromEntries(reply.all('key').map((text) => split(text.replace('.key ', ' '), ' '))),
      ca: contents['tls/ca.crt'],
      pending,
    },
    unit: {
      exists: unit['LoadState'] === 'loaded',
      active: unit['ActiveState'] ?? 'unknown',
      enabled: unit['UnitFileState'] === 'enabled',
      needsReload: unit['NeedDaemonReload'] === 'yes',
      path: unit['FragmentPath'] ?? '',
      dropIns: (unit['DropInPaths'] ?? '').split(' ').filter(Boolean),
      mainPid: Number(unit['MainPID'] ?? 0),
      environment: environment === undefined ? undefined : parseEnvironment(environment),
      executable: reply.all('running')[0],
    },
    listening: reply.all('listening'),
  }
}

class Reply {
  readonly #lines: ReadonlyMap<string, readonly string[]>

  constructor(lines: readonly string[]) {
    const byKey = new Map<string, string[]>()
    for (const line of lines) {
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

  contents(): Record<string, string> {
    return Object.fromEntries(
      this.all('content').map((text) => {
        const [key, encoded] = split(text, ' ')
        return [key, Buffer.from(encoded, 'base64').toString('utf8')]
      }),
    )
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

function parseEnvironment(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\0')
      .filter(Boolean)
      .map((entry) => split(entry, '=')),
  )
}

function architecture(machine: string): Architecture {
  if (machine === 'x86_64') return 'amd64'
  return machine === 'aarch64' ? 'arm64' : 'other'
}

function pick(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
