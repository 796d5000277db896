/** One node within reach: what every other room needs of SSH, and nothing of how it is done. */
import type { Readable } from 'node:stream'
import type { InputFile } from './input-file.ts'
import type { Patience } from './limits.ts'

export interface Remote {
  /** The node's name in the cluster file (or of the CA's host), for messages. */
  readonly host: string
  /** The login, for the prompt shown above output: `root@etcd01:~$`. */
  readonly user: string
  /** Runs one command there and waits for its end. Never throws for a non-zero exit code; see `check`. */
  run(command: RemoteCommand): Promise<CommandResult>
  /** A socket here whose connections come out at `address:port` as dialled from there. Ends with the connection. */
  forward(target: { readonly address: string; readonly port: number }): Promise<string>
  close(): Promise<void>
}

export interface RemoteCommand {
  /** Program and arguments, each passed on unchanged: quoting happens in one place. */
  readonly argv: readonly string[]
  /**
   * What the command reads; its end is the end of the command's input. Where this program dies the input ends as well:
   * a command that writes what it reads to a file must check length or digest before it uses that file.
   */
  readonly stdin?: string | Uint8Array | Readable | InputFile | undefined
  /** As root: directly if that is the login, else through sudo. */
  readonly root?: boolean | undefined
  /** `own`: quorate's, the same on every node, unless told; `login`: what the login, or sudo, makes of it. */
  readonly environment?: 'own' | 'login' | undefined
  /** Aborting hangs the command up there, as a closed terminal would, and then throws the signal's reason here. */
  readonly signal?: AbortSignal | undefined
  /** How output becomes text: `utf8` unless told; with `latin1` each byte is one character, for binary output. */
  readonly encoding?: 'utf8' | 'latin1' | undefined
  /**
   * What is asked, and how long it may take; a look, unless told. As a function: asked again with each piece of output,
   * and the time runs anew whenever that is another one. `endless` or undefined: it ends with the signal alone.
   */
  readonly patience?: Patience | (() => Patience | undefined) | 'endless' | undefined
  /** It must not be killed half-way: when its time is up, or on the signal, it is hung up there and no more. */
  readonly changes?: boolean | undefined
  /** How many bytes may come on each of its outputs; `ANSWER_BYTES` and `ERROR_BYTES` unless told. More is an error. */
  readonly maxBytes?: number | undefined
  /** false: output goes to the callbacks alone, however much it is, and the result's is empty. */
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
