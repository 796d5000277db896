/** A login that worked but didn't run the guard: what the node printed instead, and what it means. */
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { oneLine } from '../spec/visible.ts'
import { sshCommand } from './failure.ts'

/** How much of a node's output is quoted: lines, and UTF-16 units per line. */
const LINES = 8
const LINE_LENGTH = 200

interface Case {
  readonly said: RegExp
  readonly hint: (target: SshTarget, said: string) => string
}

const LOGIN_AS = /log ?in as (?:the )?(?:user )?["'`]?([a-z_][a-z0-9_.-]{0,31})/i

/** Words that stand in place of a user name but aren't one; root is the user that was refused. */
const NO_USER = /^(?:root|the|an?|user|username|your|my|another|other|non-root|regular|normal|yourself)$/i

function userNamedIn(said: string): string | undefined {
  const named = [...said.matchAll(new RegExp(LOGIN_AS, 'gi'))].map(([, user = '']) =>
    user.replace(/[.-]+$/, ''),
  )
  return named.find((user) => user !== '' && !NO_USER.test(user))
}

/** The order matters: a banner comes before the cause. */
const CASES: readonly Case[] = [
  {
    // What cloud-init writes into root's authorized_keys (its `disable_root_opts`), and similar texts.
    said: LOGIN_AS,
    hint: (_target, said) => {
      const user = userNamedIn(said)
      return user === undefined
        ? 'set the user that the output names as `user` under `ssh` in the cluster file'
        : `if that is right, set \`user: ${user}\` under \`ssh\` in the cluster file; it needs sudo`
    },
  },
  {
    // Messages of sshd, pam_unix and passwd.
    said: /password (?:has |is )?expired|change your password|password change required|account (?:has )?expired/i,
    hint: (target) =>
      `set a new password for this user on the node (passwd), or end the expiry as root: chage -M -1 -d "$(date +%F)" USER. To do it over SSH: ${sshCommand(target, '-t')}`,
  },
  {
    // Messages of nologin(8), and of login shells that refuse to run commands.
    said: /account is currently not available|nologin|shell access|not allowed to log ?in/i,
    hint: () =>
      'set another `user` under `ssh` in the cluster file, or give this user a login shell on the node: usermod -s /bin/sh USER',
  },
  {
    // pam_nologin and systemd's /run/nologin.
    said: /system is (?:going down|booting up)|not permitted to log in yet|shut(?:ting)? down/i,
    hint: () =>
      'wait until the node has started, or remove /etc/nologin or /run/nologin, which block logins; then rerun the same command',
  },
]

export interface LoginWords {
  /** What came on both outputs, in any order. */
  readonly said: string
  /** ssh's exit code: that of the command on the node. */
  readonly exitCode: number | undefined
}

/** The error for it. `exitCode` undefined: it was still running when the time was up. */
export function loginFailure(
  host: string,
  target: SshTarget,
  { said, exitCode }: LoginWords,
  waitedMs?: number,
): QuorateError {
  const end =
    exitCode === undefined
      ? `it had not started after ${Math.round((waitedMs ?? 0) / 1000)} s`
      : `it ended with exit code ${exitCode}`
  const quoted = quote(said)
  const words = quoted.length === 0 ? `${end} and printed nothing` : `${end} and printed:${layOut(quoted)}`
  const message = `the login works, but the node did not run quorate's command: ${words}`
  return new QuorateError('permission', message, {
    id: 'login-ran-nothing',
    host,
    hint: hintFor(said, target),
  })
}

function hintFor(said: string, target: SshTarget): string {
  return (
    knownHint(said, target) ??
    `find out what runs instead (a forced command in authorized_keys, ForceCommand in sshd_config, the login shell): ${sshCommand(target)} true`
  )
}

function knownHint(said: string, target: SshTarget): string | undefined {
  return CASES.find(({ said: pattern }) => pattern.test(said))?.hint(target, said)
}

/** Whether this is a node's refusal of a login. */
export function isKnownRefusal(said: string): boolean {
  return CASES.some(({ said: pattern }) => pattern.test(said))
}

/** The error for a login that sshd ended before any command ran, with what sshd showed first. */
export function turnedAway(host: string, target: SshTarget, said: string): QuorateError {
  const who = target.user === undefined ? 'the login' : `the login of ${target.user}`
  const message = `sshd accepted ${who} and closed the connection. It printed:${layOut(quote(said))}`
  const hint = knownHint(said, target) ?? "read sshd's log on the node: journalctl -u ssh"
  return new QuorateError('permission', message, { host, hint })
}

/** The last lines, sanitized and truncated. */
export function quote(said: string): readonly string[] {
  return said
    .split(/[\r\n]+/)
    .map((line) => oneLine(line, LINE_LENGTH))
    .filter((line) => line !== '')
    .slice(-LINES)
}

/**
 * A single line continues the sentence; several lines are indented, so that none looks like a message of
 * quorate.
 */
function layOut(lines: readonly string[]): string {
  return lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('')
}
