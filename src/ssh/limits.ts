/**
 * How long a node may take, and how much it may say: the policy for everything that is asked over SSH. A node that
 * hangs, or that lies, holds nobody up and fills no memory. How long operations may take that change something: `deadlines.ts`
 * of the room host.
 */
import { QuorateError } from '../errors.ts'
import { formatBytes } from '../spec/units.ts'

/** For what is only looked at, in ms. systemd's own clients give up on it after 25 s. */
export const LOOK_MS = 60_000

/** What is kept of one answer, in bytes: a look comes to some 30 KiB. */
export const ANSWER_BYTES = 8 * 1024 ** 2

/** The same of standard error, whose words end up in messages. */
export const ERROR_BYTES = 64 * 1024

/** For what ssh itself is asked on the workstation (a tunnel, whether the connection lives), in ms. */
export const LOCAL_MS = 15_000

/** How long a login may take to greet, in ms, beyond the time to connect: sudo may look names up there. */
export const GREETING_MS = 30_000

/** The same where a person may have to find a passphrase first. */
export const GREETING_WITH_QUESTIONS_MS = 300_000

/** What login scripts may print before a command begins, in bytes. */
export const PREAMBLE_BYTES = 64 * 1024

/** What is asked of a node, and how long the answer may take. */
export interface Patience {
  /** For the message: `its state`, `start etcd.service`. */
  readonly asked: string
  readonly ms: number
}

/** Where what is asked is not named: the first words of the command. */
export function describeCommand(argv: readonly string[]): string {
  // A program in sh is known by the name that it is given.
  const words = argv[0] === 'sh' && argv[1] === '-c' ? argv.slice(3, 4) : argv.slice(0, 3)
  return words.join(' ').slice(0, 80)
}

/** @param ms how long it was waited */
export function tooSlow(host: string, { asked }: Patience, ms: number): QuorateError {
  const seconds = ms < 10_000 ? (ms / 1000).toFixed(1) : String(Math.round(ms / 1000))
  return new QuorateError('unreachable', `no answer within ${seconds} s to: ${asked}`, {
    host,
    hint: 'something hangs on that node: a program, a disk or a mount. See which: ps -eo pid,stat,etime,args',
  })
}

export function tooMuch(host: string, asked: string, bytes: number): QuorateError {
  return new QuorateError('command', `more than ${formatBytes(bytes)} in answer to: ${asked}`, {
    host,
    hint: 'no healthy node answers so: check what it runs, and its files (/etc/etcd, /etc/ssl/etcd, /var/lib/quorate)',
  })
}
