/** Shared by the tests of this directory: the real openssl, a private directory, a node's request as openssl makes it. */
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CommandResult, Remote, RemoteCommand } from '../ssh/remote.ts'
import type { IssueRequest } from './authority.ts'
import { allowedNames, type AllowedNames } from './names.ts'
import { renderOpensslConfig } from './openssl-config.ts'
import type { Profile } from './profile.ts'

export const ETCD01 = {
  name: 'etcd01',
  names: ['etcd01.example.org'],
  address: '192.0.2.11',
  addresses: ['2001:db8::11'],
}

export const DAYS = 86_400_000

/** Runs openssl in `directory`; throws its error message if it fails. */
export function openssl(folder: string, ...args: string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

export function put(folder: string, name: string, text: string, mode = 0o600): string {
  const file = path.join(folder, name)
  writeFileSync(file, text, { mode })
  return file
}

const KEY_ARGUMENTS = {
  'ecdsa-p256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'rsa-2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
} as const

/** A key and a request made by openssl from `config`, as on a node. */
export function opensslCsr(
  folder: string,
  config: string,
  algorithm: keyof typeof KEY_ARGUMENTS = 'ecdsa-p256',
): string {
  put(folder, 'node.cnf', config)
  openssl(folder, 'genpkey', ...KEY_ARGUMENTS[algorithm], '-out', 'node.key')
  return openssl(folder, 'req', '-new', '-key', 'node.key', '-config', 'node.cnf')
}

/** A member's request, exactly as its node makes it. */
export function memberRequest(
  folder: string,
  options: {
    node?: typeof ETCD01
    profile?: Profile
    algorithm?: keyof typeof KEY_ARGUMENTS
    days?: number
    /** DNS names in addition to the node's. */
    more?: readonly string[]
  } = {},
): IssueRequest & { readonly allowed: AllowedNames } {
  const { node = ETCD01, profile = 'member', algorithm = 'ecdsa-p256', days = 365, more = [] } = options
  const own = allowedNames(node)
  const allowed = { ...own, dns: [...own.dns, ...more] }
  const config = renderOpensslConfig({ commonName: node.name, names: allowed, profile, algorithm })
  return {
    csrPem: opensslCsr(folder, config, algorithm),
    profile,
    allowed,
    days,
    subjectCommonName: node.name,
  }
}

/** A CA made by openssl: `NAME.crt` and `NAME.key` in `directory`; `extensions` are lines of configuration. */
export function opensslCa(
  folder: string,
  name: string,
  options: { days?: number; extensions?: string[]; issuer?: string; key?: string[] } = {},
): { certificate: string; key: string } {
  const extensions = options.extensions ?? [
    'basicConstraints = critical, CA:TRUE',
    'keyUsage = critical, keyCertSign, cRLSign',
  ]
  put(
    folder,
    `${name}.cnf`,
    ['[req]', 'prompt = no', 'distinguished_name = dn', '[dn]', `CN = ${name}`, '[ext]', ...extensions].join(
      '\n',
    ),
  )
  const key = options.key ?? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  openssl(folder, 'genpkey', ...key, '-out', `${name}.key`)
  openssl(folder, 'req', '-new', '-key', `${name}.key`, '-config', `${name}.cnf`, '-out', `${name}.csr`)
  const signer =
    options.issuer === undefined
      ? ['-signkey', `${name}.key`]
      : ['-CA', `${options.issuer}.crt`, '-CAkey', `${options.issuer}.key`, '-CAcreateserial']
  openssl(
    folder,
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...signer,
    '-days',
    String(options.days ?? 3650),
    '-extfile',
    `${name}.cnf`,
    '-extensions',
    'ext',
    '-out',
    `${name}.crt`,
  )
  return { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) }
}

/** A `Remote` that is this node: runs the commands for real, and remembers them. */
export function localRemote(
  environment: Record<string, string> = {},
): Remote & { readonly commands: RemoteCommand[] } {
  const commands: RemoteCommand[] = []
  return {
    host: 'root-ca-host',
    user: 'tester',
    commands,
    run: (command) => {
      commands.push(command)
      return runHere(command, environment)
    },
    forward: () => Promise.reject(new Error('not in this test')),
    attach: async () => await Promise.reject(new Error('no terminal')),
    close: () => Promise.resolve(),
  }
}

function runHere(command: RemoteCommand, environment: Record<string, string>): Promise<CommandResult> {
  const [program = '', ...args] = command.argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    // A program that ends without reading its input isn't a failure: its exit code counts.
    child.stdin.on('error', () => undefined)
    child.on('close', (code) => {
      resolve({ host: 'root-ca-host', stdout, stderr, exitCode: code ?? 255, durationMs: 0 })
    })
    child.stdin.end(typeof command.stdin === 'string' ? command.stdin : '')
  })
}
