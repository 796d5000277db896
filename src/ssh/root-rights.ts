/** How a connection comes by root rights, found out once: by its login, by sudo, or by sudo with a password. */
import type { ChildProcess } from 'node:child_process'
import { QuorateError } from '../errors.ts'
import { type Guard, type Login, greeting, guardArgv, spawnSsh } from './guard.ts'
import { GREETING_MS } from './limits.ts'
import type { CommandResult } from './remote.ts'
import { type WireCommand, asRoot, passwordCheck, sudoRefusal, withPassword } from './sudo.ts'

export interface RootRightsOptions {
  readonly host: string
  readonly login: Login
  /** Who the cluster file says logs in; undefined: that is up to ssh's configuration. */
  readonly meant: string | undefined
  /** The connection's name, for the guard that runs as root. */
  readonly connection: string
  readonly askPassword: ((host: string, user: string) => Promise<string>) | undefined
  /** Runs a command with the login's own rights. */
  readonly session: (command: WireCommand) => Promise<CommandResult>
  /** ssh's arguments for such a command. */
  readonly sshArguments: (argv: readonly string[]) => string[]
}

export class RootRights {
  readonly #options: RootRightsOptions
  #password: Promise<string | undefined> | undefined
  /** Without a password the login's guard helps itself to root; with one, a second guard runs as root. */
  #guard: Guard | undefined
  #guardProcess: ChildProcess | undefined

  constructor(options: RootRightsOptions) {
    this.#options = options
  }

  /**
   * The command as root runs it; `mark` is put on it where sudo cleans the environment. A refusal is remembered: a
   * password is tried once.
   *
   * @throws QuorateError `permission`
   */
  async apply(command: WireCommand, mark: (command: WireCommand) => WireCommand): Promise<WireCommand> {
    if (this.#options.login.rights === 'root') return command
    return asRoot(mark(command), await (this.#password ??= this.#checkedPassword()))
  }

  hangUp(run: number): void {
    this.#guard?.hangUp(run)
  }

  kill(run: number): void {
    this.#guard?.kill(run)
  }

  release(): void {
    this.#guard?.release()
    this.#guardProcess?.stdin?.end()
  }

  async #checkedPassword(): Promise<string | undefined> {
    const { host, login, meant, askPassword } = this.#options
    if (login.rights === 'sudo') return undefined
    // The rights are the node's own word, and a password is for other nodes as well.
    if (meant === 'root') {
      throw new QuorateError(
        'permission',
        'root logged in, and the node says that it is not root: no password is sent to it',
        {
          host,
          hint: 'find out on the node itself why: id root; grep :0: /etc/passwd',
        },
      )
    }
    if (login.rights === 'no-sudo') {
      throw new QuorateError('permission', `${login.user} is not root there, and there is no sudo`, {
        host,
        hint: 'install sudo and allow it to this user, or set `ssh.user: root` in the cluster file',
      })
    }
    if (askPassword === undefined) {
      throw new QuorateError(
        'permission',
        `sudo asks ${login.user} for a password there, and nobody can be asked here`,
        {
          host,
          hint: 'run quorate on a terminal, or give --sudo-password-file FILE, or allow it without: NOPASSWD in sudoers',
        },
      )
    }
    const password = await askPassword(host, login.user)
    const { exitCode, stderr } = await this.#options.session(passwordCheck(password))
    if (exitCode !== 0) {
      const { message, hint } = sudoRefusal(login.user, stderr)
      throw new QuorateError('permission', message, { host, hint })
    }
    await this.#startGuard(password)
    return password
  }

  async #startGuard(password: string): Promise<void> {
    const { argv, head } = withPassword(guardArgv(this.#options.connection), password)
    const child = spawnSsh(this.#options.sshArguments(argv), false)
    this.#guardProcess = child
    child.on('error', () => undefined)
    child.stderr?.resume()
    child.stdin?.write(head)
    // Without its guard nothing there is ended when asked; that is no reason to wait for it for ever.
    const patience = setTimeout(() => child.kill('SIGTERM'), GREETING_MS)
    this.#guard = await greeting(child)
    clearTimeout(patience)
  }
}
