/** Edits of the cluster file between two runs, or during one. */
import type { Cluster, Node } from '../../src/spec/cluster.ts'

/** Edits that `apply` carries out on an existing cluster. */
export const CHANGES = [
  'as-it-was',
  'setting',
  'grow',
  'shrink',
  'replace',
  'move',
  'rename',
  'network',
  'package',
] as const

/** Edits during an upgrade of etcd; `apply` can also do all except that. */
export const UPGRADES = ['upgrade', 'setting', 'package'] as const

/** Edits during a downgrade, and edits after which neither is continued. */
export const DESCENTS = ['upgrade', 'downgrade', 'downgrade', 'turn-back', 'turn-back', 'package'] as const

/** Edits that it refuses, or that need other commands. */
export const OTHERS = ['version', 'algorithm', 'layout', 'data-directory', 'swap'] as const

export interface Edit {
  readonly kind:
    | (typeof CHANGES)[number]
    | (typeof UPGRADES)[number]
    | (typeof DESCENTS)[number]
    | (typeof OTHERS)[number]
  /** Which of the available choices, modulo their number. */
  readonly at: number
}

/** Whether it changes the members of the cluster, or their addresses. */
export function changesMembers(before: Cluster, after: Cluster): boolean {
  return placesOf(before) !== placesOf(after)
}

function placesOf({ nodes }: Cluster): string {
  return nodes.map(({ name, address }) => `${name} ${address}`).join()
}

/** @param pool all existing machines, whether the file names them or not. */
export function edit(base: Cluster, now: Cluster, { kind, at }: Edit, pool: readonly Node[]): Cluster {
  const { etcd, nodes, pki } = now
  const free = pool.filter(({ name }) => nodes.every((node) => node.name !== name))
  const newcomer = free[at % Math.max(1, free.length)]
  const chosen = nodes[at % nodes.length]
  switch (kind) {
    case 'as-it-was':
      return base
    case 'setting': {
      const settings = { ...etcd.settings, 'heartbeat-interval': String(100 + 50 * (at % 3)) }
      return { ...now, etcd: { ...etcd, settings } }
    }
    case 'grow':
      return newcomer === undefined ? now : { ...now, nodes: [...nodes, newcomer] }
    case 'shrink':
      return nodes.length > 1 ? { ...now, nodes: nodes.filter((node) => node !== chosen) } : now
    case 'replace': {
      const others = nodes.filter((node) => node !== chosen)
      return newcomer === undefined || others.length === 0 ? now : { ...now, nodes: [...others, newcomer] }
    }
    case 'move': {
      // The machine has both addresses.
      const moved = nodes.map((node) => (node === chosen ? { ...node, address: otherAddress(node) } : node))
      return { ...now, nodes: moved }
    }
    case 'rename': {
      const etcdName = `${chosen?.name}.again${at % 2}`
      return { ...now, nodes: nodes.map((node) => (node === chosen ? { ...node, etcdName } : node)) }
    }
    case 'swap': {
      // Two machines have each other's address, as after swapped cables.
      const other = nodes[(at + 1) % nodes.length]
      if (chosen === undefined || other === undefined) return now
      const swapped = new Map([
        [chosen.name, other.address],
        [other.name, chosen.address],
      ])
      return {
        ...now,
        nodes: nodes.map((node) => ({ ...node, address: swapped.get(node.name) ?? node.address })),
      }
    }
    case 'network':
      return {
        ...now,
        network: { prefix: '/coreos.com/network', config: { Network: '10.7.0.0/16' }, v2: false },
      }
    case 'package':
      return { ...now, packages: [...new Set([...now.packages, 'jq'])] }
    case 'upgrade':
      return { ...now, etcd: { ...etcd, version: NEWER.get(etcd.version) ?? etcd.version } }
    case 'downgrade': {
      const older = [...NEWER].find(([, newer]) => newer === etcd.version)?.[0]
      const can = older !== undefined && DOWNGRADABLE.has(etcd.version)
      return can ? { ...now, etcd: { ...etcd, version: older } } : now
    }
    // The previous version, which only the simulation knows.
    case 'turn-back':
      return now
    case 'version':
      return { ...now, etcd: { ...etcd, version: '3.5.21' } }
    case 'algorithm':
      return { ...now, pki: { ...pki, algorithm: 'rsa-2048' } }
    case 'layout':
      return { ...now, pki: { ...pki, layout: 'separate' } }
    case 'data-directory':
      return { ...now, etcd: { ...etcd, dataDirectory: '/srv/etcd/data', walDirectory: '/srv/etcd/wal' } }
  }
}

/** One minor at a time. */
const NEWER = new Map([
  ['3.3.25', '3.4.23'],
  ['3.4.23', '3.5.16'],
  ['3.5.16', '3.5.30'],
  ['3.5.35', '3.6.16'],
  ['3.6.16', '3.7.3'],
])

const DOWNGRADABLE = new Set(['3.6.16', '3.7.3'])

function otherAddress({ address }: Node): string {
  return address.startsWith('192.168.0.')
    ? address.replace('192.168.0.', '198.18.0.')
    : address.replace('198.18.0.', '192.168.0.')
}
