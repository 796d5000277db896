/**
 * Limits on the time and size of every answer over SSH, so that a hanging or dishonest node neither blocks
 * quorate nor fills its memory. For operations that change something, see `deadlines.ts` of the module host.
 */
import { QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** For looks, in ms. systemd's own clients time out after 25 s. */
export const LOOK_MS = 60_000

/** Maximum size of one answer, in bytes: a look has about 30 KiB. */
export const ANSWER_BYTES = 8 * 1024 ** 2

/** The same for standard error, which becomes part of messages. */
export const ERROR_BYTES = 64 * 1024

/** For requests to ssh itself on the workstation (a tunnel, a check of the connection), in ms. */
export const LOCAL_MS = 15_000

/**
 * How long a login may take until the greeting, in ms, after the connection: sudo may resolve names on the
 * node.
 */
export const GREETING_MS = 30_000

/** The same if a person may have to type a passphrase first. */
export const GREETING_WITH_QUESTIONS_MS = 300_000

/** What login scripts may print before a command begins, in bytes. */
export const PREAMBLE_BYTES = 64 * 1024

/** What a node is asked, and how long the answer may take. */
export interface Patience {
  /** For the message: `its state`, `start etcd.service`. */
  readonly asked: string
  readonly ms: number
}

/** The description of a request without a name: the first words of the command. */
export function describeCommand(argv: readonly string[]): string {
  // A program in sh is identified by the name that it is given.
  const words = argv[0] === 'sh' && argv[1] === '-c' ? argv.slice(3, 4) : argv.slice(0, 3)
  return words.join(' ').slice(0, 80)
}

/** @param ms how long quorate waited */
export function tooSlow(host: string, { asked }: Patience, ms: number): QuorateError {
  const seconds = ms < 10_000 ? (ms / 1000).toFixed(1) : String(Math.round(ms / 1000))
  return new QuorateError('unreachable', `no answer within ${seconds} s to: ${asked}`, {
    id: 'no-answer-in-time',
    host,
    hint: 'find the program, disk or mount that hangs on that node: ps -eo pid,stat,etime,args',
  })
}

export function tooMuch(host: string, asked: string, bytes: number): QuorateError {
  return new QuorateError('command', `more than ${formatBytes(bytes)} in answer to: ${asked}`, {
    id: 'too-much-output',
    host,
    hint: 'check what this node runs, and its files (/etc/etcd, /etc/ssl/etcd, /var/lib/quorate): a healthy node never sends so much',
  })
}
