/**
 * The meaning of OpenSSH's last output. It has one exit code (255) for all its own failures, so its text must
 * be read.
 */
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { quoteCommand } from './quote.ts'

interface Pattern {
  readonly pattern: RegExp
  readonly code: 'unreachable' | 'host-key' | 'permission'
  readonly id?: IdOf<'host-key'>
  /** `where` is the target, or the host that ssh named (the pattern's first group), perhaps a jump host. */
  readonly message: (where: string) => string
  readonly hint: (host: string, target: SshTarget) => string
}

/** The command for the login that failed: a hint with another login would prove nothing. `flags` come first. */
export function sshCommand(target: SshTarget, ...flags: readonly string[]): string {
  const { host, user, port, jump, identityFile } = target
  return quoteCommand([
    'ssh',
    ...flags,
    ...(jump === undefined ? [] : ['-J', jump]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    user === undefined ? host : `${user}@${host}`,
  ])
}

const reach = (_host: string, target: SshTarget) =>
  `check that the node is up and that this works on the workstation: ${sshCommand(target)}`

/** The order matters: ssh often prints more than one of these, the cause before its consequence. */
const PATTERNS: readonly Pattern[] = [
  {
    pattern: /Host key for (\S+) has changed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: 'host-key',
    id: 'another-host-key',
    message: (where) =>
      `the host key of ${where} differs from the trusted key: another host answers at this address, or the node was reinstalled`,
    hint: (host) =>
      `compare the fingerprint on the node's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if it is correct: quorate trust --replace ${host}`,
  },
  {
    pattern: /No \S+ host key is known for (\S+) and|Host key verification failed/,
    code: 'host-key',
    id: 'unknown-host-key',
    message: (where) => `the host key of ${where} is not trusted yet`,
    hint: (host) => `check its fingerprint and record it: quorate trust ${host}`,
  },
  {
    pattern: /identity file .* not accessible|UNPROTECTED PRIVATE KEY FILE/i,
    code: 'permission',
    message: (where) => `the private key for ${where} can't be used`,
    hint: (_host, target) =>
      `make sure that the key exists and only you can read it: chmod 600 ${target.identityFile ?? 'the key'}`,
  },
  {
    pattern:
      /(\S+): Permission denied|Permission denied|Too many authentication failures|no mutual signature/,
    code: 'permission',
    message: (where) => `${where} refuses the login`,
    hint: (_host, target) =>
      `check \`user\` and \`identityFile\` under \`ssh\` in the cluster file, or the agent (ssh-add -l); try: ${sshCommand(target)}`,
  },
  {
    pattern: /Bad configuration option|Bad owner or permissions|terminating, \d+ bad configuration/,
    code: 'unreachable',
    message: () => 'ssh refuses its configuration',
    hint: (_host, target) => `find the wrong setting: ssh -G ${target.host}`,
  },
  {
    pattern: /Connection refused/,
    code: 'unreachable',
    message: (where) => `nothing listens for SSH at ${where}`,
    hint: reach,
  },
  {
    pattern: /timed out|not responding/,
    code: 'unreachable',
    message: (where) => `no answer from ${where} in time`,
    hint: reach,
  },
  {
    pattern: /No route to host|Network is unreachable|Host is down/,
    code: 'unreachable',
    message: (where) => `no route to ${where}`,
    hint: reach,
  },
  {
    pattern: /Could not resolve hostname ([^\s:]+)|Name or service not known/,
    code: 'unreachable',
    message: (where) => `the name ${where} can't be resolved on the workstation`,
    hint: () => 'give the node an `address` or an `ssh.host` that the workstation can resolve',
  },
  {
    pattern: /kex_exchange_identification|Connection (closed|reset) by/,
    code: 'unreachable',
    message: (where) => `sshd at ${where} closes the connection before a login`,
    hint: () =>
      "read sshd's log: journalctl -u ssh. It may limit concurrent logins (MaxStartups in sshd_config) or block this address",
  },
]

/** Whether this is a message of ssh that quorate recognizes. */
export function isKnownFailure(stderr: string): boolean {
  return PATTERNS.some(({ pattern }) => pattern.test(stderr))
}

/** The error for a connection that could not be opened, or broke. `stderr` is ssh's. */
export function sshFailure(host: string, target: SshTarget, stderr: string): QuorateError {
  const here = target.port === undefined ? target.host : `${target.host} port ${target.port}`
  for (const { pattern, code, id, message, hint } of PATTERNS) {
    const match = pattern.exec(stderr)
    if (match === null) continue
    const named = match[1]?.includes('@') ? match[1].split('@').at(-1) : match[1]
    const where = named === undefined || named === target.host || code === 'unreachable' ? here : named
    return new QuorateError(code, message(where), {
      host,
      hint: hint(host, target),
      id,
      cause: stderr.trim(),
    })
  }
  // At LogLevel ERROR ssh prints nothing about a node that no longer answers (ServerAliveInterval).
  const silence = 'ssh ended without a message, as it does when a node has not answered for 15 s'
  const lastWords = stderr.trim().split('\n').at(-1) || silence
  return new QuorateError('unreachable', `the connection to ${here} failed: ${lastWords}`, {
    id: 'connection-lost',
    host,
    hint: reach(host, target),
  })
}
