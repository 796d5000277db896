/** What `facts.sh` found on a node, as types. What could not be read is undefined, never guessed. */
import * as z from 'zod'
import { type AccountState, parseAccount } from '../host/account.ts'
import { type NodeFacts, parseNodeFacts } from '../host/node-facts.ts'
import { type PackageOwner, parseOwners } from '../host/package-owner.ts'
import type { Surroundings } from '../etcd/foreign-settings.ts'
import { parseSurroundings } from '../host/surroundings.ts'
import {
  type Finding,
  type Room,
  type Security,
  readFindings,
  readRooms,
  readSecurity,
} from './rehearsal-facts.ts'

export interface HostFacts {
  /** As `uname` says it: `Linux`, `x86_64`. */
  readonly kernel: string
  readonly machine: string
  /** Bits of a long in the userland: 32 or 64. */
  readonly bits: number | undefined
  readonly hostname: string
  readonly cpus: number | undefined
  /** What the kernel makes available: less than the installed memory. */
  readonly memoryBytes: number | undefined
  readonly os: { readonly id: string; readonly version: string; readonly name: string }
  readonly systemd: { readonly version: number | undefined; readonly booted: boolean }
  readonly missingTools: readonly string[]
  /** What installs packages: `apt-get`, `dnf` …; `none`. */
  readonly installer: string | undefined
  /** Of the cluster file's packages, those that are installed. */
  readonly packages: readonly string[]
  /** The filesystems that hold, or will hold, etcd's data and write-ahead log. */
  readonly dataDisk: Disk | undefined
  readonly walDisk: Disk | undefined
  /** Up to 20 names in each directory. */
  readonly dataEntries: readonly string[]
  readonly walEntries: readonly string[]
  readonly unit: EtcdUnit
  /** The user and the group `etcd`. */
  readonly account: AccountState
  /** Name of the cluster in the cluster ID file: this node has, or had, a member of it. */
  readonly pinned: string | undefined
  readonly identity: MachineIdentity
  readonly packagedBy: readonly PackageOwner[]
  /** The processes that listen on etcd's ports. */
  readonly listeners: readonly Listener[]
  readonly addresses: readonly InterfaceAddress[] | undefined
  readonly routes: readonly Route[] | undefined
  /** Undefined: no name was asked for. */
  readonly resolved: { readonly addresses: readonly string[]; readonly exitCode: number } | undefined
  readonly flushes: { readonly latenciesMs: readonly number[]; readonly trouble: string | undefined }
  /** `address:port` of the listeners started for the other nodes. `lendingTrouble` says why some are missing. */
  readonly lent: readonly string[]
  readonly lendingTrouble: string | undefined
  /** The problems that the rehearsal found; undefined: there was no rehearsal. */
  readonly rehearsal: readonly Finding[] | undefined
  /** One entry for each filesystem that quorate writes to. */
  readonly rooms: readonly Room[]
  readonly security: Security
  /** Only for nodes of a Kubernetes cluster. */
  readonly kubernetes?: NodeFacts | undefined
}

/** What no two nodes have in common; undefined: it could not be read. */
export interface MachineIdentity {
  /** ID of this boot. */
  readonly boot: string | undefined
  /** SHA-256 of /etc/machine-id. */
  readonly machine: string | undefined
  /** Public keys of its sshd, `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[]
}

export interface Disk {
  readonly mountedOn: string
  readonly sizeBytes: number
  readonly freeBytes: number
}

export interface EtcdUnit {
  /** systemd's ActiveState. */
  readonly active: string
  /** Path of the effective unit file; empty: there is none. */
  readonly path: string
  readonly mainPid: number
  /** quorate installed it. */
  readonly ours: boolean
  readonly masked?: boolean | undefined
  /** Settings that reach etcd from outside quorate's files; undefined: none. */
  readonly surroundings?: Surroundings | undefined
}

export interface Listener {
  /** Without brackets; `*`, `0.0.0.0` and `::` are wildcards. */
  readonly address: string
  readonly port: number
  readonly process: string | undefined
  readonly pid: number | undefined
  /** systemd unit of the process, e.g. `nginx.service`. */
  readonly unit: string | undefined
}

export interface InterfaceAddress {
  readonly device: string
  readonly address: string
  readonly prefix: number
}

export interface Route {
  /** CIDR or address; `default` as it is. */
  readonly destination: string
  readonly gateway: string | undefined
  readonly device: string | undefined
}

interface Section {
  readonly exitCode: number
  readonly text: string
}

export interface FactsQuestion {
  /** Path of quorate's own unit file. */
  readonly unitPath: string
  readonly resolved: boolean
}

/** Reads the `section` lines of `facts.sh`. */
export function parseFacts(stdout: string, { unitPath, resolved }: FactsQuestion): HostFacts {
  const sections = readSections(stdout)
  const text = (name: string) => sections.get(name)?.text ?? ''
  const system = assignments(text('system'))
  const os = assignments(text('os'))
  const unit = assignments(text('unit'))
  const resolution = sections.get('resolve')
  const lent = words(text('lent'), /^Listening on (\S+) as /)
  return {
    kernel: system['kernel'] ?? '',
    machine: system['machine'] ?? '',
    bits: wholeNumber(system['bits']),
    hostname: system['hostname'] ?? '',
    cpus: wholeNumber(system['cpus']),
    memoryBytes: kibibytes(text('memory')),
    os: { id: os['ID'] ?? '', version: os['VERSION_ID'] ?? '', name: os['PRETTY_NAME'] ?? '' },
    systemd: { version: wholeNumber(system['systemd']), booted: system['booted'] === 'systemd' },
    missingTools: lines(text('tools')),
    installer: words(text('packages'), /^installer (\S+)$/)[0],
    packages: words(text('packages'), /^package (\S+) installed$/),
    dataDisk: disk(text('data-disk')),
    walDisk: disk(text('wal-disk')),
    dataEntries: lines(text('data')),
    walEntries: lines(text('wal')),
    unit: {
      active: unit['ActiveState'] ?? '',
      path: unit['FragmentPath'] ?? '',
      mainPid: wholeNumber(unit['MainPID']) ?? 0,
      ours: unit['FragmentPath'] === unitPath && unit['Quorate'] === 'yes',
      masked: unit['LoadState'] === 'masked',
      surroundings: parseSurroundings((key) => words(text('surroundings'), new RegExp(`^${key} (.*)$`))),
    },
    account: parseAccount(words(text('account'), /^account (.*)$/)),
    pinned: unit['Pinned'],
    identity: {
      boot: words(text('identity'), /^boot (\S+)$/)[0],
      machine: words(text('identity'), /^machine ([0-9a-f]{64})\b/)[0],
      hostKeys: words(text('identity'), /^host-key (\S+ \S+)$/),
    },
    packagedBy: parseOwners(words(text('owner'), /^owner (.*)$/)),
    listeners: lines(text('listening')).flatMap(listener),
    addresses: json(ADDRESSES, text('addresses'))?.flatMap(({ ifname, addr_info }) =>
      addr_info.map(({ local, prefixlen }) => ({ device: ifname, address: local, prefix: prefixlen })),
    ),
    routes: routes(text('routes4'), text('routes6')),
    resolved:
      resolved && resolution !== undefined
        ? {
            exitCode: resolution.exitCode,
            addresses: [...new Set(words(resolution.text, /^(\S+)\s+STREAM/))],
          }
        : undefined,
    flushes: {
      latenciesMs: words(text('flushes'), /copied, ([\d.e+-]+) s/).map((seconds) => Number(seconds) * 1000),
      trouble: sections.get('flushes')?.exitCode === 1 ? complaint(text('flushes')) : undefined,
    },
    lent,
    lendingTrouble: lines(text('lent')).findLast(
      (line) => !/^(Listening|Communication|Connection|Spawned|Execing|Child) /.test(line),
    ),
    rehearsal: sections.has('rehearsal')
      ? readFindings(`${text('rehearsal')}\n${text('sandbox')}`)
      : undefined,
    rooms: readRooms(text('inodes')),
    security: readSecurity(text('security')),
    kubernetes: parseNodeFacts(words(text('node'), /^node (.*)$/)),
  }
}

function readSections(stdout: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>()
  for (const [, name, code, body] of stdout.matchAll(/^section (\S+) (\d+) (\S*)$/gm)) {
    if (name)
      sections.set(name, { exitCode: Number(code), text: Buffer.from(body ?? '', 'base64').toString() })
  }
  return sections
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

/** What the first group of a pattern matches, line by line. */
function words(text: string, pattern: RegExp): string[] {
  return lines(text).flatMap((line) => pattern.exec(line)?.[1] ?? [])
}

/** A program's error message, `dd: …`. Its figures may still follow. */
function complaint(text: string): string | undefined {
  const all = lines(text)
  return all.findLast((line) => /^[\w-]+: /.test(line)) ?? all.at(-1)
}

/** `NAME=value` lines, with the quotes of os-release taken off. */
function assignments(text: string): Readonly<Record<string, string>> {
  const pairs = lines(text).flatMap((line) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, '$2')]]
  })
  return Object.fromEntries(pairs) as Record<string, string>
}

function wholeNumber(text: string | undefined): number | undefined {
  const digits = /^\d+/.exec(text ?? '')?.[0]
  return digits === undefined ? undefined : Number(digits)
}

function kibibytes(meminfo: string): number | undefined {
  const total = wholeNumber(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1])
  return total === undefined ? undefined : total * 1024
}

/** One line of `df -P -B 1`: filesystem, size, used, available, capacity, mount point. */
function disk(line: string): Disk | undefined {
  const [, size, free, mountedOn] = /\s(\d+)\s+\d+\s+(\d+)\s+\S+\s+(\/.*)$/.exec(line.trimEnd()) ?? []
  return mountedOn === undefined ? undefined : { sizeBytes: Number(size), freeBytes: Number(free), mountedOn }
}

/** `LISTEN 0 4096 *:22 *:* users:(("sshd",pid=38,fd=3))`, a tab, `ssh.service`. */
function listener(line: string): Listener[] {
  const [said = '', unit] = line.split('\t')
  const [, address, port] = /^\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(said) ?? []
  if (address === undefined || port === undefined) return []
  const [, process, pid] = /"([^"]*)",pid=(\d+)/.exec(said) ?? []
  return [
    {
      address: address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''),
      port: Number(port),
      process,
      pid: wholeNumber(pid),
      unit: unit || undefined,
    },
  ]
}

const ADDRESSES = z.array(
  z.object({
    ifname: z.string().default(''),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number() })).default([]),
  }),
)

const ROUTES = z.array(
  z.object({ dst: z.string(), gateway: z.string().optional(), dev: z.string().optional() }),
)

/** Both address families. A node without IPv6 prints nothing for the second. */
function routes(v4: string, v6: string): Route[] | undefined {
  const four = json(ROUTES, v4)
  const six = v6.trim() === '' ? [] : json(ROUTES, v6)
  if (four === undefined || six === undefined) return undefined
  return [...four, ...six].map(({ dst, gateway, dev }) => ({ destination: dst, gateway, device: dev }))
}

function json<T>(schema: z.ZodType<T>, text: string): T | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('[')) return undefined
  try {
    return schema.safeParse(JSON.parse(trimmed)).data
  } catch (error) {
    // Truncated or not JSON: the checks that need it report that it could not be read.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
