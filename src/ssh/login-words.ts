/** A login that worked and ran something else than the guard: what the node printed instead, and what it means. */
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { oneLine } from '../spec/visible.ts'
import { sshCommand } from './failure.ts'

/** Of a node's words, how much is quoted: lines, and UTF-16 units a line. */
const LINES = 8
const LINE_LENGTH = 200

interface Case {
  readonly said: RegExp
  readonly hint: (target: SshTarget, said: string) => string
}

const LOGIN_AS = /log ?in as (?:the )?(?:user )?["'`]?([a-z_][a-z0-9_.-]{0,31})/i

/** Words that stand where a user's name might; root is who was turned away. */
const NO_USER = /^(?:root|the|an?|user|username|your|my|another|other|non-root|regular|normal|yourself)$/i

function userNamedIn(said: string): string | undefined {
  const named = [...said.matchAll(new RegExp(LOGIN_AS, 'gi'))].map(([, user = '']) =>
    user.replace(/[.-]+$/, ''),
  )
  return named.find((user) => user !== '' && !NO_USER.test(user))
}

/** The order matters: a banner stands before the cause. */
const CASES: readonly Case[] = [
  {
    // What cloud-init writes into root's authorized_keys (its `disable_root_opts`), and its relatives.
    said: LOGIN_AS,
    hint: (_target, said) => {
      const user = userNamedIn(said)
      return user === undefined
        ? 'set the user that it names as `user` under `ssh` in the cluster file'
        : `if that is right, set \`user: ${user}\` under \`ssh\` in the cluster file; it needs sudo`
    },
  },
  {
    // sshd's and pam_unix's words, and passwd's.
    said: /password (?:has |is )?expired|change your password|password change required|account (?:has )?expired/i,
    hint: (target) =>
      `set a new password for this user on the node (passwd), or end the expiry as root: chage -M -1 -d "$(date +%F)" USER. To do it over SSH: ${sshCommand(target, '-t')}`,
  },
  {
    // What nologin(8) says, and login shells that are no shells.
    said: /account is currently not available|nologin|shell access|not allowed to log ?in/i,
    hint: () =>
      'this user has no login shell there: set another `user` under `ssh` in the cluster file, or give this one a shell: usermod -s /bin/sh USER',
  },
  {
    // pam_nologin and systemd's /run/nologin.
    said: /system is (?:going down|booting up)|not permitted to log in yet|shut(?:ting)? down/i,
    hint: () =>
      'the node is starting, stopping, or closed to logins by /etc/nologin or /run/nologin: wait for it, or remove that file, then run the same command again',
  },
]

export interface LoginWords {
  /** What came on both outputs, in any order. */
  readonly said: string
  /** ssh's exit code: the one of what ran there. */
  readonly exitCode: number | undefined
}

/** The error for it. `exitCode` undefined: it was still at it when the time was up. */
export function loginFailure(
  host: string,
  target: SshTarget,
  { said, exitCode }: LoginWords,
  waitedMs?: number,
): QuorateError {
  const end =
    exitCode === undefined
      ? `it had not begun after ${Math.round((waitedMs ?? 0) / 1000)} s`
      : `it ended with code ${exitCode}`
  const quoted = quote(said)
  const words = quoted.length === 0 ? `${end} and printed nothing` : `${end} and printed:${layOut(quoted)}`
  const message = `the login works, but it did not run quorate's command: ${words}`
  return new QuorateError('permission', message, { host, hint: hintFor(said, target) })
}

function hintFor(said: string, target: SshTarget): string {
  return (
    knownHint(said, target) ??
    `see what runs instead (a forced command in authorized_keys, ForceCommand in sshd_config, the login shell): ${sshCommand(target)} true`
  )
}

function knownHint(said: string, target: SshTarget): string | undefined {
  return CASES.find(({ said: pattern }) => pattern.test(said))?.hint(target, said)
}

/** Whether it is what a node says to a login that it doesn't want. */
export function isKnownRefusal(said: string): boolean {
  return CASES.some(({ said: pattern }) => pattern.test(said))
}

/** The error for a login that sshd ended before anything ran there, given what sshd showed first. */
export function turnedAway(host: string, target: SshTarget, said: string): QuorateError {
  const who = target.user === undefined ? 'the login' : `the login of ${target.user}`
  const message = `sshd accepted ${who} and closed the connection. It printed:${layOut(quote(said))}`
  const hint = knownHint(said, target) ?? 'the log of sshd on the node says why: journalctl -u ssh'
  return new QuorateError('permission', message, { host, hint })
}

/** The last lines, each harmless and short. */
export function quote(said: string): readonly string[] {
  return said
    .split(/[\r\n]+/)
    .map((line) => oneLine(line, LINE_LENGTH))
    .filter((line) => line !== '')
    .slice(-LINES)
}

/** One line goes on in the sentence; more are indented, so that none looks like a message of quorate's own. */
function layOut(lines: readonly string[]): string {
  return lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('')
}
