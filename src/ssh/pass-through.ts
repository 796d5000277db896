/** Runs a program on a node for the user, as root: with the user's input, and its output byte for byte. */
import type { Remote, RemoteCommand } from './remote.ts'

/** Limit for output that is not streamed to the caller, in bytes. */
const MOST_BYTES = 64 * 1024 ** 2

export interface Streams extends Pick<RemoteCommand, 'stdin' | 'signal'> {
  /** Receives output as it arrives; the result then contains none. */
  readonly onStdout?: ((bytes: Uint8Array) => void) | undefined
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined
}

export interface PassedThrough {
  readonly host: string
  readonly exitCode: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/** @returns the result, and whether there was no output at all: a wrapper that could not start the program prints nothing */
export async function passThrough(
  remote: Remote,
  argv: readonly string[],
  { stdin, signal, onStdout, onStderr }: Streams,
): Promise<{ readonly result: PassedThrough; readonly silent: boolean }> {
  let silent = true
  const pass = (take: Streams['onStdout']) => (text: string) => {
    silent = false
    take?.(bytesOf(text))
  }
  const { host, exitCode, stdout, stderr } = await remote.run({
    argv,
    root: true,
    stdin,
    signal,
    encoding: 'latin1',
    // The user decides what runs: a watch never ends, and streamed output has no limit.
    patience: 'endless',
    changes: true,
    keep: onStdout === undefined,
    maxBytes: MOST_BYTES,
    onStdout: pass(onStdout),
    onStderr: pass(onStderr),
  })
  return { result: { host, exitCode, stdout: bytesOf(stdout), stderr: bytesOf(stderr) }, silent }
}

/** One byte for each character, as the node sent them. */
function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
