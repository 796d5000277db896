/** The state of a tier's service on a node: its unit and the files that quorate writes for it. */
import { type LeafState, type SecretState, parseLeaves, parseSecrets } from './leaves.ts'
import {
  type ImagesState,
  type KernelState,
  type ProgramsState,
  type ReplyLines,
  parseImages,
  parseKernel,
  parsePrograms,
} from './node-parts.ts'

import { type NodeFacts, parseNodeFacts } from './node-facts.ts'
import { type RemainsState, parseRemains } from './remains.ts'

export interface ServiceState {
  /**
   * systemd's ActiveState: `active`, `inactive`, `failed` …; undefined: none of its files exists, so systemd
   * was not asked.
   */
  readonly active: string | undefined
  readonly enabled: boolean
  readonly masked: boolean
  /** A new file of it was installed and not loaded: the run was interrupted. */
  readonly loading: boolean
  /** The unit on disk differs from the one that systemd has loaded. */
  readonly needsReload?: boolean | undefined
}

export interface ServiceFile {
  readonly text: string
  readonly owner: string
  readonly group: string
  /** As `stat` says it, e.g. `644`. */
  readonly mode: string
  /** A plain file; a link or a directory has no text. */
  readonly plain: boolean
  /** Unchanged since its package installed it. */
  readonly untouched: boolean
}

export interface ServicesState {
  /** By unit, of those that were asked for. */
  readonly units: Readonly<Record<string, ServiceState>>
  /** By path, only those that exist. */
  readonly files: Readonly<Record<string, ServiceFile>>
  /** Network interfaces by IP address, for the given addresses. */
  readonly devices: Readonly<Record<string, string>>
  /** Programs that listen on a TCP port, by port, of those that were asked for. */
  readonly holders: Readonly<Record<string, readonly string[]>>
  /** Modules and settings of the kernel; undefined: not asked. */
  readonly kernel?: KernelState | undefined
  /** Programs that quorate installs, and links to them; undefined: not asked. */
  readonly programs?: ProgramsState | undefined
  /** In containerd's namespace of Kubernetes; undefined: not asked, or containerd doesn't answer. */
  readonly images?: ImagesState | undefined
  /** Certificates by ID, of those that were asked for; undefined: none was. */
  readonly leaves?: Readonly<Record<string, LeafState>> | undefined
  /** Files with secrets by path, only those that exist; undefined: none exists. */
  readonly secrets?: Readonly<Record<string, SecretState>> | undefined
  /** The facts about the node that matter for Kubernetes; undefined: not asked. */
  readonly node?: NodeFacts | undefined
  /** What Kubernetes left on the node; undefined: not asked. */
  readonly remains?: RemainsState | undefined
}

/** The value for a node that was not inspected. */
export const NO_SERVICES: ServicesState = { units: {}, files: {}, devices: {}, holders: {} }

/** @param texts of files, by path */
export function parseServices(reply: ReplyLines, texts: Readonly<Record<string, string>>): ServicesState {
  const loading = new Set(reply.all('loading'))
  const untouched = new Set(reply.all('untouched'))
  const known = reply.all('service').map((line) => {
    const [unit = '', ...properties] = line.split(' ')
    const { LoadState, ActiveState, UnitFileState, NeedDaemonReload } = Object.fromEntries(
      properties.map((text) => text.split('=', 2)),
    )
    return [
      unit,
      {
        active: ActiveState,
        enabled: UnitFileState === 'enabled',
        masked: LoadState === 'masked',
        loading: loading.has(unit),
        needsReload: NeedDaemonReload === 'yes',
      },
    ] as const
  })
  const files = reply.all('service-file').map((line) => {
    const [path = '', type = '', owner = '', group = '', mode = ''] = line.split('|')
    const plain = type.startsWith('regular')
    return [
      path,
      { text: texts[path] ?? '', owner, group, mode, plain, untouched: untouched.has(path) },
    ] as const
  })
  const pairs = (key: string) => reply.all(key).map((line) => line.split(' ') as [string, string])
  const holders = Object.groupBy(pairs('holder'), ([port]) => port)
  return {
    units: Object.fromEntries(known),
    files: Object.fromEntries(files),
    devices: Object.fromEntries(pairs('device')),
    holders: Object.fromEntries(
      Object.entries(holders).map(([port, found = []]) => [port, found.map(([, program]) => program)]),
    ),
    kernel: parseKernel(reply, texts),
    programs: parsePrograms(reply),
    images: parseImages(reply),
    leaves: parseLeaves(reply, texts),
    secrets: parseSecrets(reply),
    node: parseNodeFacts(reply.all('node')),
    remains: parseRemains(reply),
  }
}
