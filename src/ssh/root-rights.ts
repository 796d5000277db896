/** How a connection gets root access, determined once: by its login, by sudo, or by sudo with a password. */
import type { ChildProcess } from 'node:child_process'
import { QuorateError } from '../errors.ts'
import { type Guard, type Login, greeting, guardArgv, spawnSsh } from './guard.ts'
import { GREETING_MS } from './limits.ts'
import type { CommandResult } from './remote.ts'
import { type WireCommand, asRoot, passwordCheck, sudoRefusal, withPassword } from './sudo.ts'

export interface RootRightsOptions {
  readonly host: string
  readonly login: Login
  /** The login user of the cluster file; undefined: ssh's configuration decides. */
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
  /** Without a password the login's guard uses sudo itself; with one, a second guard runs as root. */
  #guard: Guard | undefined
  #guardProcess: ChildProcess | undefined

  constructor(options: RootRightsOptions) {
    this.#options = options
  }

  /**
   * The command as root runs it, with `mark` added where sudo cleans the environment. A refusal is
   * remembered: a password is tried once.
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
    // Only the node itself claims this, and the password may be valid on other nodes as well.
    if (meant === 'root') {
      throw new QuorateError(
        'permission',
        "root logged in, but the node reports another user: quorate doesn't send it the password",
        {
          host,
          hint: 'check on the node: id root; grep :0: /etc/passwd',
        },
      )
    }
    if (login.rights === 'no-sudo') {
      throw new QuorateError(
        'permission',
        `${login.user} is not root on the node, and sudo is not installed`,
        {
          id: 'no-sudo',
          host,
          hint: 'install sudo on the node and allow it for this user, or set `ssh.user: root` in the cluster file',
        },
      )
    }
    if (askPassword === undefined) {
      throw new QuorateError(
        'permission',
        `sudo requires the password of ${login.user}, and there is no terminal to ask for it`,
        {
          host,
          hint: 'rerun on a terminal, or with --sudo-password-file FILE, or set NOPASSWD for this user in sudoers',
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
    // Without a guard, commands on the node can't be ended, but quorate must not wait for them forever.
    const patience = setTimeout(() => child.kill('SIGTERM'), GREETING_MS)
    this.#guard = await greeting(child)
    clearTimeout(patience)
  }
}
