/** The specification of a lab: machines, their addresses, who may log in. */
import ipaddr from 'ipaddr.js'
import { QuorateError } from '../errors.ts'

export interface LabSpec {
  /** `[a-z0-9-]+`; for messages. The directory identifies a lab, not the name. */
  readonly name: string
  /** Absolute path of the directory that holds all of the lab's files, on a file system that overlayfs can write to. */
  readonly folder: string
  readonly machines: readonly MachineSpec[]
  /** More names for every machine's /etc/hosts: name to IP address. */
  readonly hosts?: Readonly<Record<string, string>>
}

export interface MachineSpec {
  /** The host name. */
  readonly name: string
  /** Addresses with prefix length, `198.18.7.11/24` or `2001:db8:7::11/64`; the first one is the primary one. */
  readonly addresses: readonly string[]
  /** Public keys, as in authorized_keys(5), that may log in as root and as every user of `users`. */
  readonly authorizedKeys: readonly string[]
  readonly users?: readonly LabUser[]
  readonly disks?: readonly LabDisk[]
  /**
   * Runs containers itself (containerd, a kubelet): the machine gets more rights, which are less safe for the
   * workstation, and its own control groups.
   */
  readonly containers?: boolean
  /** Environment that its systemd gives to every service. Names and values without blanks and quotes. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface LabUser {
  readonly name: string
  /** May use sudo without a password, with one, or not at all. */
  readonly sudo: 'passwordless' | 'password' | 'none'
  /** Required for `sudo: 'password'`. */
  readonly password?: string
}

/** A small ext4 file system for one path, so that a test can fill it. */
export interface LabDisk {
  /** Absolute path in the machine. */
  readonly path: string
  readonly sizeBytes: number
}

/** A network of the lab. The bridge has its first address. */
export interface LabNetwork {
  /** `198.18.7.0/24` */
  readonly cidr: string
  /** The bridge's own address with prefix length: `198.18.7.1/24`. */
  readonly hostAddress: string
}

/** `198.18.7.11/24` without its prefix length. */
export function plainAddress(cidr: string): string {
  return cidr.slice(0, cidr.lastIndexOf('/'))
}

/** The primary address of a machine, without prefix length. */
export function primaryAddress(machine: MachineSpec): string {
  const [first] = machine.addresses
  if (first === undefined) throw new QuorateError('lab', `${machine.name} has no address`)
  return plainAddress(first)
}

/** The networks that contain the machines' addresses, each once, in order of appearance. */
export function labNetworks(spec: LabSpec): LabNetwork[] {
  const networks = new Map<string, LabNetwork>()
  for (const cidr of spec.machines.flatMap((machine) => machine.addresses)) {
    const network = networkOf(cidr)
    networks.set(network.cidr, network)
  }
  return [...networks.values()]
}

/**
 * Checks a lab before anything is created.
 *
 * @throws `lab` for names, addresses or paths that can't be used; the message names the machine.
 */
export function checkSpec(spec: LabSpec): void {
  if (spec.machines.length === 0) throw new QuorateError('lab', `the lab ${spec.name} has no machines`)
  // overlayfs takes its directories in one option string, in which these characters have a meaning.
  if (!spec.folder.startsWith('/') || /[,:\\"\s]/.test(spec.folder)) {
    throw new QuorateError('lab', `the lab's directory '${spec.folder}' can't be used`, {
      hint: 'use an absolute path without spaces, commas, colons, quotes and backslashes',
    })
  }
  const hostAddresses = new Set(labNetworks(spec).map((network) => plainAddress(network.hostAddress)))
  const seen = new Map<string, string>()
  for (const machine of spec.machines) {
    checkMachine(machine)
    for (const key of [
      `name ${machine.name}`,
      ...machine.addresses.map((cidr) => `address ${plainAddress(cidr)}`),
    ]) {
      const other = seen.get(key)
      if (other !== undefined)
        throw new QuorateError('lab', `${other} and ${machine.name} have the same ${key}`)
      seen.set(key, machine.name)
    }
    const taken = machine.addresses.map(plainAddress).find((address) => hostAddresses.has(address))
    if (taken !== undefined) {
      throw new QuorateError(
        'lab',
        `address ${taken} is not free: the workstation takes a network's first address`,
        {
          host: machine.name,
          hint: 'give the node another address of that network',
        },
      )
    }
  }
}

function checkMachine(machine: MachineSpec): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(machine.name)) {
    throw new QuorateError('lab', `'${machine.name}' can't be a host name`, { host: machine.name })
  }
  primaryAddress(machine)
  for (const disk of machine.disks ?? []) {
    if (!/^(\/[A-Za-z0-9._-]+)+$/.test(disk.path)) {
      throw new QuorateError('lab', `'${disk.path}' can't be the path of a disk`, { host: machine.name })
    }
  }
  for (const user of machine.users ?? []) {
    if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(user.name)) {
      throw new QuorateError('lab', `'${user.name}' can't be a user name`, { host: machine.name })
    }
    if (user.sudo === 'password' && user.password === undefined) {
      throw new QuorateError('lab', `the user ${user.name} needs a password for sudo`, { host: machine.name })
    }
  }
}

/** @throws `lab` if it isn't an address with a prefix length that leaves room for machines. */
export function networkOf(cidr: string): LabNetwork {
  if (!ipaddr.isValidCIDR(cidr)) {
    throw new QuorateError('lab', `'${cidr}' is not an address with prefix length, like 198.18.7.11/24`)
  }
  const [address, prefix] = ipaddr.parseCIDR(cidr)
  const bits = address.kind() === 'ipv4' ? 32 : 128
  if (bits - prefix < 2) throw new QuorateError('lab', `${cidr} leaves no address for the workstation`)
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const network = family.networkAddressFromCIDR(cidr)
  const first = network.toByteArray()
  first[first.length - 1] = (first.at(-1) ?? 0) + 1
  return {
    cidr: `${network.toString()}/${prefix}`,
    hostAddress: `${ipaddr.fromByteArray(first).toString()}/${prefix}`,
  }
}

/** Whether it is reserved for private use, tests or documentation, so that it belongs to no public host. */
export function isLabRange(cidr: string): boolean {
  const [address, prefix] = ipaddr.parseCIDR(cidr)
  if (address.kind() === 'ipv4' && prefix >= 15 && address.match(ipaddr.parse('198.18.0.0'), 15)) return true
  return ['private', 'uniqueLocal', 'reserved', 'carrierGradeNat', 'benchmarking'].includes(address.range())
}
