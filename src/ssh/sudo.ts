/**
 * Root rights on the far end.
 *
 * A sudo password travels over the encrypted connection's standard input only. sudo may or may not read it (it asks
 * nobody whom it remembers), so a marker line follows, and everything up to the marker is thrown away before the
 * command starts: neither can the password reach the command, nor the command's input be taken for a password.
 */
import { Readable } from 'node:stream'
import type { RemoteCommand } from './remote.ts'

const SKIP_TO_MARKER = 'while IFS= read -r line; do [ "$line" = "$1" ] && break; done; shift; exec "$@"'
const MARKER = 'quorate: the input begins after this line'

export interface WireCommand {
  readonly argv: readonly string[]
  readonly stdin: string | Uint8Array | Readable | undefined
}

/** The command as sudo runs it; `password` undefined: none is needed. */
export function asRoot(command: RemoteCommand, password: string | undefined): WireCommand {
  if (password === undefined) return { argv: ['sudo', '-n', '--', ...command.argv], stdin: command.stdin }
  return {
    argv: ['sudo', '-S', '-p', '', '--', 'sh', '-c', SKIP_TO_MARKER, 'sh', MARKER, ...command.argv],
    stdin: prepend(`${password}\n${MARKER}\n`, command.stdin),
  }
}

/** Asks sudo whether this password is right, once: its end of input keeps it from trying again. */
export function passwordCheck(password: string): WireCommand {
  return { argv: ['sudo', '-k', '-S', '-p', '', '--', 'true'], stdin: `${password}\n` }
}

function prepend(head: string, body: RemoteCommand['stdin']): string | Readable {
  if (body === undefined) return head
  if (typeof body === 'string') return head + body
  return Readable.from(
    (async function* () {
      yield Buffer.from(head)
      if (body instanceof Readable) yield* body
      else yield Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    })(),
  )
}
