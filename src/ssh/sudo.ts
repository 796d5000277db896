/**
 * Root access on the remote side.
 *
 * A sudo password is sent only over the encrypted connection, as standard input. sudo may or may not read it, because
 * it caches passwords. So a marker line follows, and everything up to the marker is discarded before the command
 * starts. The command can't read the password, and sudo can't read the command's input as a password.
 */
import { Readable } from 'node:stream'
import { isInputFile, readInput } from './input-file.ts'
import type { Input } from './process.ts'

const SKIP_TO_MARKER = 'while IFS= read -r line; do [ "$line" = "$1" ] && break; done; shift; exec "$@"'
const MARKER = 'quorate: the input begins after this line'

export interface WireCommand {
  readonly argv: readonly string[]
  readonly stdin: Input | undefined
}

/** The command with sudo; `password` undefined: none is needed. */
export function asRoot(command: WireCommand, password: string | undefined): WireCommand {
  if (password === undefined) return { argv: ['sudo', '-n', '--', ...command.argv], stdin: command.stdin }
  const { argv, head } = withPassword(command.argv, password)
  return { argv, stdin: prepend(head, command.stdin) }
}

/** The same, with the required beginning of its input. */
export function withPassword(
  argv: readonly string[],
  password: string,
): { argv: readonly string[]; head: string } {
  return {
    argv: ['sudo', '-S', '-p', '', '--', 'sh', '-c', SKIP_TO_MARKER, 'sh', MARKER, ...argv],
    head: `${password}\n${MARKER}\n`,
  }
}

/** Checks the password with sudo once: the end of input keeps sudo from asking again. */
export function passwordCheck(password: string): WireCommand {
  return { argv: ['sudo', '-k', '-S', '-p', '', '--', 'true'], stdin: `${password}\n` }
}

/** The meaning of sudo's refusal. `stderr` is sudo's. */
export function sudoRefusal(user: string, stderr: string): { message: string; hint: string } {
  if (/not in the sudoers file|not allowed to (execute|run)|may not run sudo/.test(stderr)) {
    return {
      message: `${user} may not use sudo`,
      hint: `allow sudo in the sudoers file on the node, e.g. usermod -aG sudo ${user}`,
    }
  }
  if (/must have a tty|terminal is required/.test(stderr)) {
    return {
      message: 'sudo requires a terminal',
      hint: `allow sudo without a terminal in the sudoers file on the node: Defaults:${user} !requiretty`,
    }
  }
  return {
    message: `sudo rejects ${user}'s password`,
    hint: 'check the password and the sudoers file on the node: sudo -l',
  }
}

function prepend(head: string, body: Input | undefined): Input {
  if (body === undefined) return head
  if (typeof body === 'string') return head + body
  const pieces = async function* () {
    yield Buffer.from(head)
    if (isInputFile(body)) yield* readInput(body)
    else if (body instanceof Uint8Array) yield body
    else yield* body
  }
  // A stream that blocks can be destroyed.
  return body instanceof Readable ? Readable.from(pieces()) : pieces()
}
