/** A `Remote` over the system's OpenSSH. */
import { randomBytes } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { AfterBegin, markedScript } from './begin.ts'
import { sshFailure } from './failure.ts'
import { markRun } from './guard.ts'
import { options } from './config.ts'
import { Deadline } from './deadline.ts'
import { ANSWER_BYTES, ERROR_BYTES, LOOK_MS, describeCommand, tooMuch } from './limits.ts'
import { loginFailure } from './login-words.ts'
import { type Master, openMaster } from './master.ts'
import { localSsh } from './local-ssh.ts'
import { onTerminal, runProcess } from './process.ts'
import { forAnyLoginShell, quoteCommand } from './quote.ts'
import type { CommandResult, Remote, RemoteCommand } from './remote.ts'
import { RootRights } from './root-rights.ts'
import { Slots } from './slots.ts'
import type { WireCommand } from './sudo.ts'

export interface ConnectionOptions {
  /** The cluster's own known_hosts file, read in addition to the user's. It need not exist. */
  readonly knownHosts: string
  /** Where this connection's sockets go: a short path in a private directory, to which endings are added. */
  readonly socket: string
  /** Returns the sudo password for a login that needs one; undefined: it can't be asked for. */
  readonly sudoPassword?: ((host: string, user: string) => Promise<string>) | undefined
  readonly interactive?: boolean | undefined
  readonly connectTimeoutSeconds?: number | undefined
  /**
   * ssh's KexAlgorithms. If unset, ssh chooses: OpenSSH 9.0–9.8 then uses a post-quantum key agreement (sntrup761),
   * which costs about 0.1 s of processor time for each connection. Only `curve25519-sha256` avoids that.
   */
  readonly kexAlgorithms?: string | undefined
  /** `knowsSessionOptions`. */
  readonly sessionOptions: boolean
  readonly signal?: AbortSignal | undefined
  /** Factor for every deadline, for tests; 1 by default. */
  readonly patienceFactor?: number | undefined
}

/** sshd's default MaxSessions is 10 for one connection. This connection's guard and root's guard use two of them. */
const MAX_SESSIONS = 8

/** Connects to one node. @throws QuorateError `unreachable`, `host-key` or `permission`, with a hint. */
export async function connect(
  host: string,
  target: SshTarget,
  connection: ConnectionOptions,
): Promise<Remote> {
  const controlPath = `${connection.socket}.ssh`
  const name = randomBytes(9).toString('hex')
  const master = await openMaster({
    host,
    target,
    connection: name,
    controlPath,
    knownHosts: connection.knownHosts,
    interactive: connection.interactive ?? false,
    connectTimeoutSeconds: connection.connectTimeoutSeconds ?? 10,
    kexAlgorithms: connection.kexAlgorithms,
    sessionOptions: connection.sessionOptions,
    signal: connection.signal,
    patienceFactor: connection.patienceFactor,
  })
  return new SshConnection({ host, target, master, controlPath, name, options: connection })
}

interface Parts {
  readonly host: string
  readonly target: SshTarget
  readonly master: Master
  readonly controlPath: string
  /** The name of this connection for the guard. */
  readonly name: string
  readonly options: ConnectionOptions
}

type Streams = Omit<RemoteCommand, 'argv' | 'stdin' | 'root'>

class SshConnection implements Remote {
  readonly host: string
  readonly user: string
  readonly #parts: Parts
  readonly #slots = new Slots(MAX_SESSIONS)
  readonly #rights: RootRights
  #runs = 0
  #forwards = 0

  constructor(parts: Parts) {
    const { host, master } = parts
    this.host = host
    this.user = master.guard.login.user
    this.#parts = parts
    this.#rights = new RootRights({
      host,
      login: master.guard.login,
      meant: parts.target.user,
      connection: parts.name,
      askPassword: parts.options.sudoPassword,
      session: async (wire) => await this.#session(wire, wire.argv, {}),
      sshArguments: (argv) => this.#sshArguments(quoteCommand(argv)),
    })
  }

  async run(command: RemoteCommand): Promise<CommandResult> {
    const wire: WireCommand = { argv: command.argv, stdin: command.stdin }
    return await this.#session(wire, command.argv, command, command.root === true)
  }

  async attach({ argv, root = false }: Parameters<Remote['attach']>[0]): Promise<number> {
    // sudo asks for its password on the terminal itself, so none is sent.
    const bySudo = root && this.#parts.master.guard.login.rights !== 'root'
    const run = (this.#runs += 1)
    const mark = (words: readonly string[]) => markRun(this.#parts.name, run, words, { terminal: true })
    const marked = mark(bySudo ? ['sudo', '--', ...mark(argv)] : argv)
    const script = forAnyLoginShell(`exec ${quoteCommand(marked)}`)
    using _ = await this.#slots.take(undefined)
    const exitCode = await onTerminal('ssh', this.#sshWords('-tt', script))
    if (exitCode === 255 && !(await this.#stillThere())) throw await this.#brokenOff()
    return exitCode
  }

  async forward(target: { readonly address: string; readonly port: number }): Promise<string> {
    const { options: own, controlPath } = this.#parts
    const socket = `${own.socket}.${(this.#forwards += 1)}`
    const address = target.address.includes(':') ? `[${target.address}]` : target.address
    const args = [
      '-F',
      'none',
      '-S',
      controlPath,
      '-O',
      'forward',
      '-L',
      `${socket}:${address}:${target.port}`,
      '--',
      'there',
    ]
    const { exitCode, stderr } = await localSsh(args)
    if (exitCode === 0) return socket
    if (!this.#parts.master.alive()) throw await this.#brokenOff()
    const reason = stderr.trim().split('\n').at(-1) ?? ''
    throw new QuorateError('unreachable', `can't open a tunnel to ${address}:${target.port}: ${reason}`, {
      host: this.host,
      hint: 'set AllowTcpForwarding yes (or local) in /etc/ssh/sshd_config on the node',
    })
  }

  async close(): Promise<void> {
    // While commands run, the guards are not dismissed: they end the commands when the connection ends.
    if (this.#slots.idle) {
      this.#rights.release()
      this.#parts.master.guard.release()
    }
    await this.#parts.master.close()
  }

  /** Runs a command in a separate session. If sshd refuses it (MaxSessions), it waits for its turn. */
  async #session(
    command: WireCommand,
    shown: readonly string[],
    streams: Streams,
    root = false,
  ): Promise<CommandResult> {
    const run = (this.#runs += 1)
    const mark = (wire: WireCommand) => ({
      ...wire,
      argv: markRun(this.#parts.name, run, wire.argv, streams),
    })
    // Before taking a slot, because determining root access needs one itself. Both sudo and what it runs are marked.
    const wire = mark(root ? await this.#rights.apply(command, mark) : command)
    for (;;) {
      const slot = await this.#slots.take(streams.signal)
      try {
        const result = await this.#attempt(run, wire, shown, streams)
        if (result !== undefined) return result
        if (!this.#slots.shrink()) throw this.#noSession(shown)
      } finally {
        slot[Symbol.dispose]()
      }
    }
  }

  /** undefined: the connection works, but sshd opened no session and nothing has started. */
  async #attempt(
    run: number,
    wire: WireCommand,
    shown: readonly string[],
    streams: Streams,
  ): Promise<CommandResult | undefined> {
    const { master, options: own } = this.#parts
    const startedMs = performance.now()
    const started = Promise.withResolvers<void>()
    const asked = describeCommand(shown)
    const { keep = true, changes = false } = streams
    const patience = streams.patience ?? { asked, ms: LOOK_MS }
    const complain = (bytes: number) => tooMuch(this.host, nameOf(patience) ?? asked, bytes)
    const bounds = { keep, tooMuch: complain }
    const stdout = new AfterBegin({ ...bounds, maxBytes: streams.maxBytes ?? ANSWER_BYTES })
    const stderr = new AfterBegin({ ...bounds, maxBytes: streams.maxBytes ?? ERROR_BYTES })
    using deadline = new Deadline(this.host, patience, own.patienceFactor ?? 1)
    const { exitCode } = await runProcess('ssh', this.#sshArguments(quoteCommand(wire.argv)), {
      stdin: wire.stdin,
      ready: started.promise,
      env: { ...process.env, LC_ALL: 'C' },
      detached: true,
      signal: deadline.or(streams.signal),
      encoding: streams.encoding,
      // `AfterBegin` keeps the output instead, because it drops what precedes the marker.
      keep: false,
      onStop: () => {
        master.guard.hangUp(run)
        this.#rights.hangUp(run)
      },
      onKill: changes
        ? undefined
        : () => {
            master.guard.kill(run)
            this.#rights.kill(run)
          },
      onStdout: (text) => {
        deliver(stdout.push(text), streams.onStdout)
        deadline.look()
      },
      onStderr: (text) => {
        deliver(stderr.push(text), streams.onStderr)
        if (stderr.started) started.resolve()
      },
    })
    const result = {
      host: this.host,
      stdout: stdout.text,
      stderr: stderr.text,
      exitCode,
      durationMs: performance.now() - startedMs,
    }
    // 255 is ssh's own failure, but a command may also exit with it.
    if (exitCode !== 255 && stderr.started) return result
    if (!(await this.#stillThere())) throw await this.#brokenOff()
    if (stderr.started) return result
    if (exitCode === 255) return undefined
    throw loginFailure(this.host, this.#parts.target, {
      said: `${stdout.before}\n${stderr.before}`,
      exitCode,
    })
  }

  #sshArguments(command: string): string[] {
    return this.#sshWords('-T', forAnyLoginShell(markedScript(command)))
  }

  #sshWords(terminal: '-T' | '-tt', script: string): string[] {
    // Without its master ssh would silently open a new connection: the proxy command `false` makes that fail.
    const overrides = options({
      ControlMaster: 'no',
      ProxyCommand: 'false',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
    })
    return ['-F', 'none', '-S', this.#parts.controlPath, terminal, ...overrides, '--', 'there', script]
  }

  async #stillThere(): Promise<boolean> {
    if (!this.#parts.master.alive()) return false
    const args = ['-F', 'none', '-S', this.#parts.controlPath, '-O', 'check', '--', 'there']
    const { exitCode } = await localSsh(args)
    return exitCode === 0
  }

  async #brokenOff(): Promise<QuorateError> {
    const { master, target } = this.#parts
    // The master may still run without its socket, and be unusable.
    await master.close()
    // The output of the command's ssh is then about the lost local socket, not about the node.
    return sshFailure(this.host, target, await master.ended)
  }

  #noSession(argv: readonly string[]): QuorateError {
    return new QuorateError('unreachable', `sshd refuses a session for ${argv[0] ?? 'a command'}`, {
      host: this.host,
      hint: 'set MaxSessions to 3 or more in /etc/ssh/sshd_config on the node (the default is 10)',
    })
  }
}

/** The current request. */
function nameOf(patience: NonNullable<RemoteCommand['patience']>): string | undefined {
  if (patience === 'endless') return undefined
  return (typeof patience === 'function' ? patience() : patience)?.asked
}

function deliver(text: string, to: ((text: string) => void) | undefined): void {
  if (text !== '') to?.(text)
}
