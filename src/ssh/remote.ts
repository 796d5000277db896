/** A connected node: the interface that every other module uses for SSH, without its implementation. */
import type { Patience } from './limits.ts'
import type { Input } from './process.ts'

export interface Remote {
  /** The node's name in the cluster file (or of the CA's host), for messages. */
  readonly host: string
  /** The login, for the prompt shown above output: `root@etcd01:~$`. */
  readonly user: string
  /** Runs one command on the node and waits for its end. Never throws for a non-zero exit code; see `check`. */
  run(command: RemoteCommand): Promise<CommandResult>
  /**
   * Runs one command on the terminal of this process, as `ssh -t` does: the command gets the keys, including Ctrl-C,
   * and draws.
   *
   * @returns its exit code
   * @throws QuorateError `unreachable` if the connection breaks
   */
  attach(command: { readonly argv: readonly string[]; readonly root?: boolean | undefined }): Promise<number>
  /** A local socket whose connections are forwarded to `address:port` from the node. Ends with the connection. */
  forward(target: { readonly address: string; readonly port: number }): Promise<string>
  close(): Promise<void>
}

export interface RemoteCommand {
  /** Program and arguments, each passed on unchanged: quoting is done in one place. */
  readonly argv: readonly string[]
  /**
   * The command's standard input; its end is the end of the command's input. If this program is killed, the input ends
   * as well. So a command that writes its input to a file must check length or digest before it uses that file.
   */
  readonly stdin?: Input | undefined
  /** As root: directly if that is the login, else through sudo. */
  readonly root?: boolean | undefined
  /** `own` (default): quorate's, the same on every node; `login`: that of the login, or of sudo. */
  readonly environment?: 'own' | 'login' | undefined
  /** Aborting hangs up the command on the node, as a closed terminal would, and then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** How output becomes text: `utf8` by default; with `latin1` each byte is one character, for binary output. */
  readonly encoding?: 'utf8' | 'latin1' | undefined
  /**
   * The request, and how long it may take; a read of state by default. A function is called again with each chunk of
   * output, and the time restarts whenever its result changes. `endless` or undefined: only the signal ends it.
   */
  readonly patience?: Patience | (() => Patience | undefined) | 'endless' | undefined
  /** It must not be killed: when its time is up, or on the signal, it only gets a hangup. */
  readonly changes?: boolean | undefined
  /** Maximum bytes on each of its outputs; `ANSWER_BYTES` and `ERROR_BYTES` by default. More is an error. */
  readonly maxBytes?: number | undefined
  /** false: output of any length goes only to the callbacks, and the result's is empty. */
  readonly keep?: boolean | undefined
  /** Called with each piece of output as it arrives. */
  readonly onStdout?: ((text: string) => void) | undefined
  readonly onStderr?: ((text: string) => void) | undefined
}

export interface CommandResult {
  readonly host: string
  readonly stdout: string
  readonly stderr: string
  /** 0–255; 128 + n for a command ended by signal n. */
  readonly exitCode: number
  readonly durationMs: number
}
