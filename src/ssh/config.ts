/**
 * The ssh configuration of one connection: quorate's required settings, then the user's own configuration for
 * the rest.
 *
 * It is a file (`ssh -F`) because ssh passes the file on to the connections of jump hosts, but not its
 * options. So a jump host's key is checked as strictly as the node's, and ssh never prompts in the middle of
 * a run.
 */
import { homedir } from 'node:os'
import path from 'node:path'
import type { SshTarget } from '../spec/cluster.ts'

export interface SshConfig {
  /** Host key files read in addition to the user's own (`UserKnownHostsFile`). */
  readonly knownHosts: string
  /** ssh may ask on the terminal, e.g. for a key's passphrase. */
  readonly interactive: boolean
  readonly connectTimeoutSeconds: number
  /** ssh's KexAlgorithms, instead of those of the user's configuration or OpenSSH's default. */
  readonly kexAlgorithms?: string | undefined
  /** ssh is 8.7 or newer (`knowsSessionOptions`), and accepts a configuration with these options. */
  readonly sessionOptions: boolean
}

/** The file's text. The first value that ssh reads wins, so quorate's come first. */
export function sshConfig(target: SshTarget, config: SshConfig): string {
  const values: Record<string, string> = {
    StrictHostKeyChecking: 'yes',
    // Read in addition to the user's known hosts, whichever files the user's configuration names for them.
    GlobalKnownHostsFile: [config.knownHosts, '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
      .map(quotePath)
      .join(' '),
    ...commonValues(config),
  }
  return configText(values, target)
}

/**
 * Only for reading host keys: any key that a host shows is recorded in `notes`, and not trusted for anything
 * else. `algorithms` are requested before others.
 */
export function scanConfig(
  target: SshTarget,
  notes: string,
  algorithms: readonly string[],
  config: Omit<SshConfig, 'knownHosts'>,
): string {
  const values: Record<string, string> = {
    StrictHostKeyChecking: 'accept-new',
    GlobalKnownHostsFile: '/dev/null',
    UserKnownHostsFile: quotePath(notes),
    HashKnownHosts: 'no',
    ...(algorithms.length === 0 ? {} : { HostKeyAlgorithms: `^${algorithms.join(',')}` }),
    ...commonValues(config),
  }
  return configText(values, target)
}

function commonValues(config: Omit<SshConfig, 'knownHosts'>): Record<string, string> {
  return {
    BatchMode: config.interactive ? 'no' : 'yes',
    ConnectTimeout: String(config.connectTimeoutSeconds),
    // A host that disappears during a run is detected within 15 s instead of after TCP's hours.
    ServerAliveInterval: '5',
    ServerAliveCountMax: '2',
    // A jump host's running master may be used, but quorate leaves none running.
    ControlMaster: 'no',
    ControlPersist: 'no',
    CheckHostIP: 'no',
    UpdateHostKeys: 'no',
    RequestTTY: 'no',
    RemoteCommand: 'none',
    ClearAllForwardings: 'yes',
    PermitLocalCommand: 'no',
    // A command on the node needs a session, its input, and ssh in the foreground.
    ...(config.sessionOptions
      ? { SessionType: 'default', StdinNull: 'no', ForkAfterAuthentication: 'no' }
      : {}),
    // A network device on either side that this user may not create would end the connection.
    Tunnel: 'no',
    ExitOnForwardFailure: 'no',
    // For the local sockets of tunnels to etcd.
    StreamLocalBindMask: '0177',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    LogLevel: 'ERROR',
    ...(config.kexAlgorithms === undefined ? {} : { KexAlgorithms: config.kexAlgorithms }),
  }
}

function configText(values: Readonly<Record<string, string>>, target: SshTarget): string {
  const lines = Object.entries(values).map(([name, value]) => `  ${name} ${value}`)
  // Also in this file, because jump hosts get no other options.
  if (target.identityFile !== undefined) lines.push(`  IdentityFile ${quotePath(target.identityFile)}`)
  const user = path.join(homedir(), '.ssh', 'config')
  // Last, so that the user's configuration wins. AES-GCM, which current processors accelerate, takes a third
  // of the time of OpenSSH's first choice, and binaries are 60 MB for each node.
  const preferences = ['Host *', '  Ciphers ^aes128-gcm@openssh.com,aes256-gcm@openssh.com']
  return [
    'Host *',
    ...lines,
    `Include ${quotePath(user)}`,
    'Include /etc/ssh/ssh_config',
    ...preferences,
    '',
  ].join('\n')
}

/** The cluster file's settings for a target, as ssh's arguments. */
export function targetArguments(target: SshTarget): string[] {
  return [
    ...(target.user === undefined ? [] : ['-l', target.user]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(target.jump === undefined ? [] : ['-J', target.jump]),
    // An agent with many other keys would first reach the server's limit of attempts.
    ...(target.identityFile === undefined ? [] : ['-o', 'IdentitiesOnly=yes']),
    '--',
    target.host,
  ]
}

/** Settings as words for ssh's command line. */
export function options(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/** A path as ssh's configuration reads it, where spaces separate and `%` begins a token. */
function quotePath(file: string): string {
  if (/["\n\r]/.test(file))
    throw new TypeError(`ssh can't be given a path with a quote or a line end: ${JSON.stringify(file)}`)
  return `"${file.replaceAll('%', '%%')}"`
}
