/** The words that quorate gives to `ssh`. What they leave open is the user's own configuration's to say. */
import type { SshTarget } from '../spec/cluster.ts'

/** What the cluster file says of a target, as ssh options. */
export function targetArguments(target: SshTarget): string[] {
  return [
    ...(target.user === undefined ? [] : ['-l', target.user]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(target.jump === undefined ? [] : ['-J', target.jump]),
    // IdentitiesOnly: an agent full of other keys would run into the server's limit of tries first.
    ...(target.identityFile === undefined ? [] : ['-i', target.identityFile, '-o', 'IdentitiesOnly=yes']),
  ]
}

/** Options that quorate needs whatever the user's configuration says. */
export const COMMON_OPTIONS: readonly string[] = [
  '-T',
  ...options({
    RemoteCommand: 'none',
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    LogLevel: 'ERROR',
    UpdateHostKeys: 'no',
    PermitLocalCommand: 'no',
  }),
]

export function options(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/** A path as a value in an ssh option, where spaces separate and `%` begins a token. */
export function pathOption(path: string): string {
  const escaped = path.replaceAll('%', '%%')
  return /[\s"]/.test(escaped) ? `"${escaped.replaceAll('"', String.raw`\"`)}"` : escaped
}
