/** A `Remote` over the system's OpenSSH. */
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { COMMON_OPTIONS, options } from './arguments.ts'
import { sshFailure } from './failure.ts'
import { type Master, openMaster } from './master.ts'
import { runProcess } from './process.ts'
import { quoteCommand } from './quote.ts'
import type { CommandResult, Remote, RemoteCommand } from './remote.ts'
import { type WireCommand, asRoot, passwordCheck } from './sudo.ts'

export interface ConnectionOptions {
  /** The cluster's own known_hosts file, looked at before the user's. It need not exist. */
  readonly knownHosts: string
  /** A private folder with a short path, for sockets. */
  readonly runtimeDirectory: string
  /** Gives the sudo password for a login that needs one; undefined: there is nobody to ask. */
  readonly sudoPassword?: ((host: string, user: string) => Promise<string>) | undefined
  readonly interactive?: boolean | undefined
  readonly connectTimeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** sshd's default MaxSessions is 10 for one connection; the master's own session is one of them. */
const MAX_SESSIONS = 8

/** Connects to one machine. @throws QuorateError `unreachable`, `host-key` or `permission`, with what to do. */
export async function connect(host: string, target: SshTarget, connection: ConnectionOptions): Promise<Remote> {
  const controlPath = path.join(connection.runtimeDirectory, `${socketName(host)}.ssh`)
  const master = await openMaster({
    host,
    target,
    controlPath,
    knownHosts: connection.knownHosts,
    interactive: connection.interactive ?? false,
    connectTimeoutSeconds: connection.connectTimeoutSeconds ?? 10,
    signal: connection.signal,
  })
  return new SshConnection(host, target, master, controlPath, connection)
}

class SshConnection implements Remote {
  readonly host: string
  readonly user: string
  readonly #target: SshTarget
  readonly #master: Master
  readonly #controlPath: string
  readonly #options: ConnectionOptions
  readonly #slots = new Slots(MAX_SESSIONS)
  #password: Promise<string | undefined> | undefined
  #forwards = 0

  constructor(host: string, target: SshTarget, master: Master, controlPath: string, connection: ConnectionOptions) {
    this.host = host
    this.user = master.login.user
    this.#target = target
    this.#master = master
    this.#controlPath = controlPath
    this.#options = connection
  }

  async run(command: RemoteCommand): Promise<CommandResult> {
    const needsSudo = command.root === true && this.#master.login.rights !== 'root'
    const password = needsSudo ? await (this.#password ??= this.#checkedPassword()) : undefined
    const wire: WireCommand = needsSudo ? asRoot(command, password) : { argv: command.argv, stdin: command.stdin }
    using _slot = await this.#slots.take()
    return await this.#session(wire, command)
  }

  async forward(target: { readonly address: string; readonly port: number }): Promise<string> {
    const socket = path.join(this.#options.runtimeDirectory, `${socketName(this.host)}.${(this.#forwards += 1)}`)
    const address = target.address.includes(':') ? `[${target.address}]` : target.address
    const { exitCode, stderr } = await runProcess('ssh', [
      ...['-O', 'forward', '-S', this.#controlPath],
      ...['-L', `${socket}:${address}:${target.port}`],
      ...['--', this.#target.host],
    ])
    if (exitCode !== 0) {
      const reason = stderr.trim().split('\n').at(-1) ?? ''
      throw new QuorateError('unreachable', `no tunnel to ${address}:${target.port} there: ${reason}`, {
        host: this.host,
        hint: 'sshd there must allow it: AllowTcpForwarding yes (or local) in /etc/ssh/sshd_config',
      })
    }
    return socket
  }

  async close(): Promise<void> {
    await this.#master.close()
  }

  async #session(wire: WireCommand, command: Pick<RemoteCommand, 'signal' | 'onStdout' | 'onStderr'>): Promise<CommandResult> {
    const started = performance.now()
    const args = [
      ...['-S', this.#controlPath],
      ...COMMON_OPTIONS,
      // Without its master ssh would quietly open a connection of its own: this makes it fail instead.
      ...options({ ControlMaster: 'no', ProxyCommand: 'false', BatchMode: 'yes' }),
      ...['--', this.#target.host, quoteCommand(wire.argv)],
    ]
    const { stdout, stderr, exitCode } = await runProcess('ssh', args, {
      stdin: wire.stdin,
      env: { ...process.env, LC_ALL: 'C' },
      signal: command.signal,
      onStdout: command.onStdout,
      onStderr: command.onStderr,
    })
    if (exitCode === 255 && !(await this.#stillThere())) {
      throw sshFailure(this.host, this.#target, (await this.#master.ended) || stderr)
    }
    return { host: this.host, stdout, stderr, exitCode, durationMs: performance.now() - started }
  }

  /** 255 is ssh's own failure, but also what a command may end with. */
  async #stillThere(): Promise<boolean> {
    if (!this.#master.alive()) return false
    const { exitCode } = await runProcess('ssh', ['-O', 'check', '-S', this.#controlPath, '--', this.#target.host])
    return exitCode === 0
  }

  async #checkedPassword(): Promise<string | undefined> {
    const { rights, user } = this.#master.login
    if (rights === 'sudo') return undefined
    if (rights === 'no-sudo') {
      throw new QuorateError('permission', `${user} is not root there, and there is no sudo`, {
        host: this.host,
        hint: 'install sudo and allow it to this user, or set `ssh.user: root` in the cluster file',
      })
    }
    if (this.#options.sudoPassword === undefined) {
      throw new QuorateError('permission', `sudo asks ${user} for a password there, and nobody can be asked here`, {
        host: this.host,
        hint: 'run quorate on a terminal, or give --sudo-password-file FILE, or allow it without: NOPASSWD in sudoers',
      })
    }
    const password = await this.#options.sudoPassword(this.host, user)
    const { exitCode, stderr } = await this.#session(passwordCheck(password), {})
    if (exitCode === 0) return password
    throw new QuorateError('permission', sudoRefusal(user, stderr), {
      host: this.host,
      hint: 'check the password and the sudoers file there: sudo -l',
    })
  }
}

function sudoRefusal(user: string, stderr: string): string {
  if (/not in the sudoers file|not allowed to (execute|run)/.test(stderr)) return `${user} may not use sudo there`
  return `sudo there does not take ${user}'s password`
}

/** Unix sockets allow about 100 bytes of path: the name is cut, and told apart by a checksum of the whole. */
function socketName(host: string): string {
  let hash = 0
  for (const character of host) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return `${host.replaceAll(/[^\w.-]/g, '').slice(0, 16)}-${hash.toString(36)}`
}

/** Lets at most `count` users in at once, the others in their order. */
class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []
  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift()
        if (next) next()
        else this.#free += 1
      },
    }
  }
}
