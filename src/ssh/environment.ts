/**
 * The one environment of everything that quorate runs on a node. Preflight, locks, looks and the work itself all come
 * through here: what a login, sudo, PAM or `/etc/environment` sets (a PATH without sbin, proxies, TMPDIR, BASH_ENV, exported
 * functions, ETCDCTL_*) can't make one of them see what another does not.
 */

/** Where programs are looked for. A plain login's own PATH lacks sbin, and sudo passes that on unless it has a secure_path. */
const MACHINE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** `HOME`: configurations of older openssl name it, and end with an error where there is none. */
const VARIABLES = [`PATH=${MACHINE_PATH}`, 'LC_ALL=C']

/** A command in quorate's environment and no other. `further`: variables, as `NAME=value`. */
export function inOwnEnvironment(argv: readonly string[], further: readonly string[] = []): string[] {
  return ['env', '-i', ...further, ...VARIABLES, 'HOME=/root', ...argv]
}

/**
 * A command that sets up an environment itself (sudo), which may need what the login has: an agent's socket, for example.
 * What is known is set, and nothing is taken away.
 */
export function inLoginEnvironment(argv: readonly string[], further: readonly string[] = []): string[] {
  return ['env', ...further, ...VARIABLES, ...argv]
}

/** The operator's own program, as the login itself would run it. */
export function inPlainEnvironment(argv: readonly string[], further: readonly string[]): string[] {
  return ['env', ...further, 'LC_ALL=C', ...argv]
}
