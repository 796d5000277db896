/** One machine of a lab, and how tests control it. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { ProcessOptions, ProcessResult } from '../ssh/process.ts'
import addUser from './add-user.sh?raw'
import writeFile from './write-file.sh?raw'
import { containerOf, leaderOf, startContainer, stopContainer } from './container.ts'
import { cutRules, type NetworkCut, UNCUT } from './network-cut.ts'
import { waitForSshd } from './ready.ts'
import { hostPublicKey, hostsFile, prepareDisks, prepareRoot, prepareStorage, wipeRoot } from './root.ts'
import { type LabSpec, type LabUser, type MachineSpec, primaryAddress } from './spec.ts'
import { lastLines, run, tool } from './tool.ts'

const MIB = 1024 ** 2
const BOOT_TIMEOUT_MS = 60_000
const POWER_OFF_MS = 15_000
const MACHINE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export class Machine {
  readonly spec: MachineSpec
  readonly #lab: LabSpec
  readonly #base: string

  constructor(lab: LabSpec, base: string, spec: MachineSpec) {
    this.#lab = lab
    this.#base = base
    this.spec = spec
  }

  get name(): string {
    return this.spec.name
  }

  /** The primary address, without prefix length. */
  get address(): string {
    return primaryAddress(this.spec)
  }

  /** The public host key, `ssh-ed25519 AAAA…`: it stays the same as long as the lab exists. */
  async hostKey(): Promise<string> {
    return await hostPublicKey(this.#lab.folder, this.name)
  }

  async isRunning(): Promise<boolean> {
    return (await containerOf(this.#lab.folder, this.name)) !== undefined
  }

  /** Boots the machine and waits for its sshd. Does nothing if it is running. */
  async boot(signal?: AbortSignal): Promise<void> {
    if (await this.isRunning()) return
    await prepareRoot(this.#lab, this.spec)
    const disks = await prepareDisks(this.#lab, this.spec)
    const storage = await prepareStorage(this.#lab, this.spec)
    const { folder } = this.#lab
    const { containers = false } = this.spec
    signal?.throwIfAborted()
    const { ended } = await startContainer({
      base: this.#base,
      folder,
      machine: this.name,
      disks,
      containers,
      storage,
    })
    const ready = waitForSshd(folder, this.name, this.address, { timeoutMs: BOOT_TIMEOUT_MS, signal })
    await Promise.race([ready, ended])
    for (const user of this.spec.users ?? []) await this.#addUser(user)
  }

  /** Shuts the machine down in order, and kills it if that takes more than 15 s. */
  async powerOff(): Promise<void> {
    await stopContainer(this.#lab.folder, this.name, POWER_OFF_MS)
  }

  /** Simulates a power cut: ends every process of the machine at once. What it wrote to its disk stays. */
  async kill(): Promise<void> {
    await stopContainer(this.#lab.folder, this.name, 0)
  }

  /** Removes everything that the machine has written, except its host key. The machine must be off. */
  async wipe(): Promise<void> {
    if (await this.isRunning())
      throw new QuorateError('lab', 'only a machine that is off can be wiped', { host: this.name })
    await wipeRoot(this.#lab, this.spec)
  }

  /**
   * Runs a program in the machine as root. It doesn't use SSH, so it works while the machine's network is cut. A
   * non-zero exit code is a result; see `check`.
   *
   * @throws `lab` if the machine is off.
   */
  async exec(argv: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd']
    const target = `${await this.#leader()}`
    // Without the environment of this process.
    const env = ['env', '-i', `PATH=${MACHINE_PATH}`, 'HOME=/root', 'LANG=C.UTF-8']
    return await run(['nsenter', '--target', target, ...namespaces, '--', ...env, ...argv], options)
  }

  /** Like `exec`, for programs that must succeed. @returns their standard output */
  async check(argv: readonly string[], options: ProcessOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(argv, options)
    if (exitCode === 0) return stdout
    throw new QuorateError(
      'lab',
      `${argv.join(' ')} failed with exit code ${exitCode}: ${lastLines(stderr || stdout)}`,
      {
        host: this.name,
      },
    )
  }

  /** Writes a file in the running machine, and creates its directories; `mode` is octal text like `0600`. */
  async writeFile(
    file: string,
    content: string | Uint8Array,
    { mode = '0644', owner = 'root' } = {},
  ): Promise<void> {
    await this.check(['sh', '-c', writeFile, 'write-file', file, mode, owner], { stdin: content })
  }

  async readFile(file: string): Promise<string> {
    return await this.check(['cat', '--', file])
  }

  /** Drops the machine's traffic: everything, or what `cut` names. Replaces an earlier cut. */
  async cutNetwork(cut: NetworkCut = {}): Promise<void> {
    await this.#nft(cutRules(cut))
  }

  async restoreNetwork(): Promise<void> {
    await this.#nft(UNCUT)
  }

  /** Sends a signal (`STOP`, `CONT`, `KILL` …) to a process, by its PID in the machine. */
  async signalPid(pid: number, signal: string): Promise<void> {
    await this.check(['/bin/kill', `-${signal}`, `${pid}`])
  }

  /** Stops a process until `thawPid`, as if the machine had hung. */
  async freezePid(pid: number): Promise<void> {
    await this.signalPid(pid, 'STOP')
  }

  async thawPid(pid: number): Promise<void> {
    await this.signalPid(pid, 'CONT')
  }

  /** The main process of a unit, by its PID in the machine; 0 if it doesn't run. */
  async mainPid(unit: string): Promise<number> {
    return Number(await this.check(['systemctl', 'show', '--property=MainPID', '--value', unit]))
  }

  /**
   * Leaves at most `leaveBytes` free on the file system that contains `folder`. Use it for one of the machine's small
   * disks.
   */
  async fillDisk(folder: string, leaveBytes = 0): Promise<void> {
    // Not %a: root may use the reserved blocks as well.
    const free = await this.check(['stat', '--file-system', '--format=%f %S', folder])
    const [blocks = 0, blockBytes = 0] = free.trim().split(' ').map(Number)
    const filler = path.posix.join(folder, '.filler')
    // A few blocks more than reported may be free: to leave none, dd has to hit the end, block by block.
    const bytes = blocks * blockBytes + (leaveBytes === 0 ? MIB : -leaveBytes)
    if (bytes > 0)
      await this.exec([
        'dd',
        'if=/dev/zero',
        `of=${filler}`,
        `count=${bytes}`,
        'iflag=count_bytes',
        `bs=${blockBytes}`,
        'conv=fsync',
      ])
  }

  /** Undoes `fillDisk`. */
  async freeDisk(folder: string): Promise<void> {
    await this.check(['rm', '-f', path.posix.join(folder, '.filler')])
  }

  /** Updates /etc/hosts of the running machine from the lab. */
  async refreshHosts(): Promise<void> {
    const wanted = hostsFile(this.#lab)
    if ((await readFile(`/proc/${await this.#leader()}/root/etc/hosts`, 'utf8')) === wanted) return
    await this.writeFile('/etc/hosts', wanted)
  }

  async #addUser(user: LabUser): Promise<void> {
    const stdin = [user.password ?? '', ...this.spec.authorizedKeys]
      .map((line) => `${line.trimEnd()}\n`)
      .join('')
    await this.check(['sh', '-c', addUser, 'add-user', user.name, user.sudo], { stdin })
  }

  async #nft(rules: string): Promise<void> {
    const leader = await this.#leader()
    // Uses the machine's nft if it has one: rules of a newer nft (kube-proxy's) crash an older one on the workstation.
    const own = existsSync(`/proc/${leader}/root/usr/sbin/nft`) ? ['--mount'] : []
    await tool(['nsenter', '--target', `${leader}`, '--net', ...own, '--', 'nft', rules])
  }

  async #leader(): Promise<number> {
    const container = await containerOf(this.#lab.folder, this.name)
    const leader = container === undefined ? undefined : await leaderOf(container)
    if (leader === undefined) throw new QuorateError('lab', `${this.name} is off`, { host: this.name })
    return leader
  }
}
