/**
 * The environment of everything that quorate runs on a node: preflight, locks, looks and changes. Settings of
 * a login, sudo, PAM or `/etc/environment` (a PATH without sbin, proxies, TMPDIR, BASH_ENV, exported
 * functions, ETCDCTL_*) have no effect on any of them.
 */

/** Where programs are searched. A normal login's PATH lacks sbin, and sudo keeps it unless it has a secure_path. */
const MACHINE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** `HOME`: configurations of older openssl use it, and fail without it. */
const VARIABLES = [`PATH=${MACHINE_PATH}`, 'LC_ALL=C']

/** A command in quorate's environment only. `further`: variables, as `NAME=value`. */
export function inOwnEnvironment(argv: readonly string[], further: readonly string[] = []): string[] {
  return ['env', '-i', ...further, ...VARIABLES, 'HOME=/root', ...argv]
}

/**
 * A command that sets up an environment itself (sudo) and may need the login's variables, an agent's socket
 * for example. Known variables are set, none is removed.
 */
export function inLoginEnvironment(argv: readonly string[], further: readonly string[] = []): string[] {
  return ['env', ...further, ...VARIABLES, ...argv]
}

/** The operator's own program, as the login would run it. */
export function inPlainEnvironment(argv: readonly string[], further: readonly string[]): string[] {
  return ['env', ...further, 'LC_ALL=C', ...argv]
}
