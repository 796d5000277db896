/** What OpenSSH's last words mean. It has one exit code (255) for all its own failures, so its text must be read. */
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'

interface Pattern {
  readonly pattern: RegExp
  readonly code: 'unreachable' | 'host-key' | 'permission'
  readonly message: (where: string) => string
  readonly hint: (host: string, target: SshTarget) => string
}

const reach = (_host: string, target: SshTarget) =>
  `check that the machine is up and that \`ssh ${target.host}\` works from here`

const PATTERNS: readonly Pattern[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    code: 'host-key',
    message: (where) =>
      `the host key of ${where} differs from the one that was trusted: another machine answers there, or it was reinstalled`,
    hint: (host) =>
      `compare the fingerprint on the machine's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if it is right: quorate trust --replace ${host}`,
  },
  {
    pattern: /Host key verification failed|host key is known for|No .* host key is known/,
    code: 'host-key',
    message: (where) => `the host key of ${where} is not known yet`,
    hint: (host) => `look at its fingerprint and record it: quorate trust ${host}`,
  },
  {
    pattern: /Permission denied|Too many authentication failures|no mutual signature/,
    code: 'permission',
    message: (where) => `${where} does not let us log in`,
    hint: (_host, target) =>
      `check \`user\` and \`identityFile\` under \`ssh\` in the cluster file, or the agent (ssh-add -l); try: ssh ${target.host}`,
  },
  {
    pattern: /identity file .* not accessible|UNPROTECTED PRIVATE KEY FILE/i,
    code: 'permission',
    message: (where) => `the private key for ${where} can't be used`,
    hint: (_host, target) =>
      `it must exist and belong to you alone: chmod 600 ${target.identityFile ?? 'the key'}`,
  },
  {
    pattern: /Connection refused/,
    code: 'unreachable',
    message: (where) => `nothing listens for SSH at ${where}`,
    hint: reach,
  },
  {
    pattern: /timed out|Operation timed out/,
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
    pattern: /Could not resolve hostname|Name or service not known/,
    code: 'unreachable',
    message: (where) => `the name ${where} can't be resolved here`,
    hint: () => 'give the node an `address` or an `ssh.host` that this computer can resolve',
  },
]

/** The error for a connection that did not come up, or broke. `stderr` is ssh's. */
export function sshFailure(host: string, target: SshTarget, stderr: string): QuorateError {
  const where = target.port === undefined ? target.host : `${target.host} port ${target.port}`
  const found = PATTERNS.find(({ pattern }) => pattern.test(stderr))
  if (found)
    return new QuorateError(found.code, found.message(where), {
      host,
      hint: found.hint(host, target),
      cause: stderr.trim(),
    })
  const lastWords = stderr.trim().split('\n').at(-1) || 'ssh ended without a word'
  return new QuorateError('unreachable', `the connection to ${where} failed: ${lastWords}`, {
    host,
    hint: reach(host, target),
  })
}
