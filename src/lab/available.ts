/** What this workstation lacks for a lab, and how to fix it. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { quoteCommand } from '../ssh/quote.ts'
import { toolPath } from './tool.ts'

export interface Missing {
  readonly what: string
  readonly why: string
  /** The exact command that fixes it; undefined if none does. */
  readonly command: string | undefined
}

/** What is inspected: by default, the real workstation. */
export interface Surroundings {
  /** Effective user ID. */
  readonly userId: number
  readonly exists: (file: string) => boolean
  /** The command line to run again as root. */
  readonly argv: readonly string[]
}

const TOOLS = [
  { program: 'mmdebstrap', debian: 'mmdebstrap', why: "builds the nodes' file system" },
  { program: 'systemd-nspawn', debian: 'systemd-container', why: 'starts the nodes' },
  { program: 'ip', debian: 'iproute2', why: 'makes their network' },
  { program: 'nft', debian: 'nftables', why: 'cuts their network in tests' },
  { program: 'nsenter', debian: 'util-linux', why: 'runs commands in them' },
  { program: 'mkfs.ext4', debian: 'e2fsprogs', why: 'makes small disks for them' },
  { program: 'ssh-keygen', debian: 'openssh-client', why: 'makes their host keys' },
] as const

const KERNEL = [
  { file: '/proc/self/ns/net', what: 'network namespaces' },
  { file: '/proc/self/ns/pid', what: 'process namespaces' },
  { file: '/sys/fs/cgroup', what: 'control groups' },
] as const

/** What is missing for a lab, each with its reason; empty if nothing is. */
export function labAvailable(surroundings: Surroundings = thisComputer()): Missing[] {
  const { userId, exists, argv } = surroundings
  const missing: Missing[] = []
  if (userId !== 0) {
    missing.push({
      what: 'root rights',
      why: 'the lab creates network interfaces, mounts and containers',
      command: `sudo ${quoteCommand(argv)}`,
    })
  }
  for (const { file, what } of KERNEL) {
    if (!exists(file)) missing.push({ what, why: 'the nodes are containers', command: undefined })
  }
  const absent = TOOLS.filter(
    ({ program }) =>
      !toolPath()
        .split(':')
        .some((folder) => exists(path.join(folder, program))),
  )
  const sudo = userId === 0 ? '' : 'sudo '
  for (const { program, debian, why } of absent) {
    missing.push({ what: program, why: `it ${why}`, command: `${sudo}apt-get install --yes ${debian}` })
  }
  return missing
}

/** @throws `lab` naming everything that is missing. */
export function requireLab(surroundings?: Surroundings): void {
  const missing = labAvailable(surroundings)
  if (missing.length === 0) return
  const commands = [...new Set(missing.map((one) => one.command).filter((command) => command !== undefined))]
  throw new QuorateError(
    'lab',
    `the lab needs ${missing.map((one) => `${one.what} (${one.why})`).join(', ')}`,
    {
      hint:
        commands.length > 0 ? commands.join('\n') : 'run it on a Linux workstation that allows containers',
    },
  )
}

function thisComputer(): Surroundings {
  return { userId: process.geteuid?.() ?? -1, exists: existsSync, argv: process.argv }
}
