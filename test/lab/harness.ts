/**
 * Labs for tests: machines with a network, keys and a cluster file of their own, that go when the test goes.
 *
 *     await using lab = await testLab({ machines: 3 })
 *     const { stdout } = await lab.ssh('etcd01', ['uname', '-n'])
 */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { labAvailable } from '../../src/lab/available.ts'
import { SUITES, type Suite, labBase } from '../../src/lab/base.ts'
import { bootLab, downLab, type Lab, resetLab } from '../../src/lab/lab.ts'
import type { Machine } from '../../src/lab/machine.ts'
import { thisProcess } from '../../src/files/process-identity.ts'
import type { LabDisk, LabSpec, LabUser, MachineSpec } from '../../src/lab/spec.ts'
import { addressesIn, allocateSubnet, releaseSubnet, type Subnet } from '../../src/lab/subnet.ts'
import { ownedFolder } from '../../src/lab/sweep.ts'
import { run, tool } from '../../src/lab/tool.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { keepLogs } from './keep-logs.ts'
import { quoteCommand } from '../../src/ssh/quote.ts'

export interface TestLabOptions {
  /** How many (`etcd01`, `etcd02` …, all with the role etcd), or a list. */
  readonly machines: number | readonly TestMachine[]
  /** `dual`: an IPv6 address in addition to the IPv4 one; `ipv6`: only that. */
  readonly addresses?: 'ipv4' | 'dual' | 'ipv6'
  readonly users?: readonly LabUser[]
  readonly disks?: readonly LabDisk[]
  /** The login in the cluster file; default: root. */
  readonly user?: string
  readonly suite?: Suite
  readonly packages?: readonly string[]
  /**
   * Whether services are limited to one processor; default: true, which saves etcd a fifth of its processor time. False
   * for tests that inspect the settings of other tools' services.
   */
  readonly oneProcessor?: boolean
  /** Further top-level keys of the cluster file, or replacements of the usual ones. */
  readonly cluster?: Readonly<Record<string, unknown>>
}

export interface TestMachine {
  readonly name: string
  readonly roles?: readonly string[]
  readonly users?: readonly LabUser[]
  readonly disks?: readonly LabDisk[]
  readonly containers?: boolean
}

export interface TestLab extends AsyncDisposable {
  /** A private directory for the test; removed with the lab. */
  readonly folder: string
  readonly lab: Lab
  readonly machines: readonly Machine[]
  readonly clusterFile: string
  readonly identityFile: string
  /** OpenSSH known hosts with every machine's true key. */
  readonly knownHostsFile: string
  machine(name: string): Machine
  /** Logs in with the system's ssh, verifying host keys, and runs a command. */
  ssh(name: string, argv: readonly string[]): Promise<ProcessResult>
  /** Resets machines to their first boot: what they wrote since is gone; their host keys are the same. */
  pristine(): Promise<void>
  /** Writes the cluster file again, with these top-level keys in addition to the usual ones, or instead of them. */
  writeCluster(changes: Readonly<Record<string, unknown>>): Promise<void>
  down(): Promise<void>
}

/** The directory of all test labs, for the removal of abandoned ones. */
export const TEST_LABS = path.join(tmpdir(), 'quorate-test-labs')

/**
 * Why labs can't be booted on this host, on one line; undefined: they can. For `test.skipIf` and `context.skip`.
 */
export function whyNoLab(): string | undefined {
  const missing = labAvailable()
  if (missing.length === 0) return undefined
  return missing
    .map(({ what, why, command }) => `needs ${what}: ${why}${command === undefined ? '' : ` (${command})`}`)
    .join('; ')
}

/** Boots a lab with its own subnet, keys and names. It ends with `await using`, and at the latest with this process. */
export async function testLab(options: TestLabOptions): Promise<TestLab> {
  const base = await labBase({ suite: options.suite ?? chosenSuite(), packages: options.packages })
  const folder = await ownedFolder(TEST_LABS)
  const labFolder = path.join(folder, 'lab')
  const subnet = await allocateSubnet(labFolder)
  const down = async () => {
    await downLab(labFolder, { purge: true })
    await releaseSubnet(subnet.claim)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return await bootTestLab({ options, base, folder, labFolder, subnet, down })
  } catch (error) {
    await down()
    throw error
  }
}

/** `QUORATE_LAB_SUITE=trixie`: all machines of this test run use another Debian. */
function chosenSuite(): Suite | undefined {
  const chosen = process.env['QUORATE_LAB_SUITE']
  const suite = SUITES.find((one) => one === chosen)
  if (chosen === undefined || suite !== undefined) return suite
  throw new Error(`QUORATE_LAB_SUITE is ${chosen}, and can be ${SUITES.join(', ')}`)
}

interface Setting {
  readonly options: TestLabOptions
  readonly base: string
  readonly folder: string
  readonly labFolder: string
  readonly subnet: Subnet
  readonly down: () => Promise<void>
}

async function bootTestLab({ options, base, folder, labFolder, subnet, down }: Setting): Promise<TestLab> {
  const identityFile = path.join(folder, 'id_ed25519')
  await tool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test lab', '-f', identityFile])
  const authorizedKeys = [(await readFile(`${identityFile}.pub`, 'utf8')).trim()]

  const wanted = testMachines(options.machines)
  const machines = wanted.map((machine, index): MachineSpec => {
    const { ipv4, ipv6 } = addressesIn(subnet, index + 11)
    const { addresses = 'ipv4', oneProcessor = true } = options
    return {
      name: machine.name,
      addresses: addresses === 'ipv4' ? [ipv4] : addresses === 'ipv6' ? [ipv6] : [ipv4, ipv6],
      authorizedKeys,
      users: machine.users ?? options.users ?? [],
      disks: machine.disks ?? options.disks ?? [],
      containers: machine.containers ?? false,
      environment: oneProcessor && machine.containers !== true ? { GOMAXPROCS: '1' } : {},
    }
  })
  const spec: LabSpec = { name: 'test', folder: labFolder, machines }
  const owner = await thisProcess()
  const { lab } = await bootLab(spec, { base, owner, claim: subnet.claim })
  const end = async () => {
    try {
      await keepLogs(lab.machines)
    } finally {
      await down()
    }
  }

  const knownHostsFile = path.join(folder, 'known_hosts')
  await writeFile(knownHostsFile, await knownHosts(lab))
  const user = options.user ?? 'root'
  const clusterFile = path.join(folder, 'cluster.yaml')
  const writeCluster = async (changes: Readonly<Record<string, unknown>>) => {
    const nodes = lab.machines.map((machine, index) => ({
      name: machine.name,
      address: machine.address,
      roles: wanted[index]?.roles ?? ['etcd'],
    }))
    const content = {
      name: 'test',
      ssh: { user, identityFile },
      nodes,
      etcd: LAB_ETCD,
      ...options.cluster,
      ...changes,
    }
    await writeFile(clusterFile, stringify(content), { mode: 0o600 })
  }
  await writeCluster({})
  await chmod(folder, 0o700)

  const settings = {
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    ConnectTimeout: '5',
    UserKnownHostsFile: knownHostsFile,
    StrictHostKeyChecking: 'yes',
  }
  const sshOptions = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const sshArguments = ['-F', 'none', '-i', identityFile, '-l', user, ...sshOptions]
  return {
    folder,
    lab,
    machines: lab.machines,
    clusterFile,
    identityFile,
    knownHostsFile,
    machine: (name) => lab.machine(name),
    ssh: async (name, argv) =>
      await run(['ssh', ...sshArguments, lab.machine(name).address, '--', quoteCommand(argv)]),
    pristine: async () => await resetLab(lab),
    writeCluster,
    down: end,
    [Symbol.asyncDispose]: end,
  }
}

function testMachines(machines: TestLabOptions['machines']): readonly TestMachine[] {
  if (typeof machines !== 'number') return machines
  return Array.from({ length: machines }, (_, index) => ({
    name: `etcd${String(index + 1).padStart(2, '0')}`,
  }))
}

/** Lines of a known hosts file: every address of every machine with its key. */
async function knownHosts(lab: Lab): Promise<string> {
  const lines = await Promise.all(
    lab.machines.map(async (machine) => {
      const key = await machine.hostKey()
      const addresses = machine.spec.addresses.map((cidr) => cidr.slice(0, cidr.lastIndexOf('/')))
      return `${[machine.name, ...addresses].join(',')} ${key}\n`
    }),
  )
  return lines.join('')
}
