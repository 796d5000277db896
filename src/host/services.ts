/** What a machine has of a tier's service: its unit, and the files that quorate gives it. */
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
  /** systemd's ActiveState: `active`, `inactive`, `failed` …; undefined: none of its files is there, and nobody asked. */
  readonly active: string | undefined
  readonly enabled: boolean
  readonly masked: boolean
  /** A file of it was put in place and not loaded since: the run that did so was cut off. */
  readonly loading: boolean
  /** The unit on disk differs from the one systemd has in mind. */
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
  /** As its package brought it. */
  readonly untouched: boolean
}

export interface ServicesState {
  /** By unit, of those that were asked for. */
  readonly units: Readonly<Record<string, ServiceState>>
  /** By path, of those that are there. */
  readonly files: Readonly<Record<string, ServiceFile>>
  /** Network interfaces by IP address, of those that were asked for. */
  readonly devices: Readonly<Record<string, string>>
  /** Programs that listen on a TCP port, by port, of those that were asked for. */
  readonly holders: Readonly<Record<string, readonly string[]>>
  /** Modules and settings of the kernel; undefined: nobody asked. */
  readonly kernel?: KernelState | undefined
  /** Programs that quorate installs, and links to them; undefined: nobody asked. */
  readonly programs?: ProgramsState | undefined
  /** In containerd's namespace of Kubernetes; undefined: nobody asked, or containerd does not answer. */
  readonly images?: ImagesState | undefined
  /** Certificates by ID, of those that were asked for; undefined: none was. */
  readonly leaves?: Readonly<Record<string, LeafState>> | undefined
  /** Files with secrets by path, of those that are there; undefined: none is. */
  readonly secrets?: Readonly<Record<string, SecretState>> | undefined
  /** What the machine is like to a Kubernetes node; undefined: nobody asked. */
  readonly node?: NodeFacts | undefined
  /** What Kubernetes leaves there; undefined: nobody asked. */
  readonly remains?: RemainsState | undefined
}

/** Of a machine that nobody has looked at. */
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
