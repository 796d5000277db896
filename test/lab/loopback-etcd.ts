/** Real etcd members as plain processes on this host's loopback, with certificates made by openssl. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { connectMember, type MemberClient } from '../../src/etcd/client.ts'
import type { MemberTls } from '../../src/etcd/endpoint.ts'
import { freePorts } from './support/ports.ts'

export interface LoopbackMember {
  readonly name: string
  readonly clientPort: number
  readonly peerUrl: string
  readonly dataDirectory: string
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>
  client(options?: {
    readonly tls?: MemberTls | undefined
    readonly identity?: string
    timeoutMs?: number
  }): MemberClient
}

export interface LoopbackCluster extends AsyncDisposable {
  readonly members: readonly LoopbackMember[]
  readonly folder: string
  readonly tls: MemberTls
  /** A certificate from this cluster's CA. */
  issue(name: string, extensions: string, days?: number): Promise<MemberTls>
}

/** Starts `count` TLS members together from the programs in `binaries`, without waiting until they are ready. */
export async function startCluster(
  binaries: string,
  count: number,
  flags: Readonly<Record<string, string>> = {},
): Promise<LoopbackCluster> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-etcd-'))
  const authority = makeAuthority(folder)
  const issue = (name: string, extensions: string, days = 2) =>
    issueCertificate(folder, authority, name, extensions, days)
  await issue('member', 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost')
  const tls = await issue('operator', 'extendedKeyUsage=clientAuth')
  const ports = await freePorts(count * 2)
  const plans = Array.from({ length: count }, (_, index) => ({
    name: `etcd0${index + 1}`,
    clientPort: ports[index * 2] ?? 0,
    peerUrl: `https://127.0.0.1:${ports[index * 2 + 1]}`,
    dataDirectory: path.join(folder, `etcd0${index + 1}`),
  }))
  const initialCluster = plans.map((plan) => `${plan.name}=${plan.peerUrl}`).join(',')
  const members = plans.map((plan): LoopbackMember => {
    const clientUrl = `https://127.0.0.1:${plan.clientPort}`
    const child = spawn(
      path.join(binaries, 'etcd'),
      Object.entries({
        name: plan.name,
        'data-dir': plan.dataDirectory,
        'listen-client-urls': clientUrl,
        'advertise-client-urls': clientUrl,
        'listen-peer-urls': plan.peerUrl,
        'initial-advertise-peer-urls': plan.peerUrl,
        'initial-cluster': initialCluster,
        'initial-cluster-token': path.basename(folder),
        'cert-file': path.join(folder, 'member.crt'),
        'key-file': path.join(folder, 'member.key'),
        'trusted-ca-file': path.join(folder, 'ca.crt'),
        'client-cert-auth': 'true',
        'peer-cert-file': path.join(folder, 'member.crt'),
        'peer-key-file': path.join(folder, 'member.key'),
        'peer-trusted-ca-file': path.join(folder, 'ca.crt'),
        'peer-client-cert-auth': 'true',
        ...flags,
      }).map(([flag, value]) => `--${flag}=${value}`),
      { stdio: 'ignore', env: { ETCD_UNSUPPORTED_ARCH: 'arm64' } },
    )
    return {
      ...plan,
      kill: () => end(child),
      client: (options = {}) =>
        connectMember({
          name: plan.name,
          target: { address: '127.0.0.1', port: plan.clientPort },
          identity: options.identity ?? '127.0.0.1',
          tls: 'tls' in options ? options.tls : tls,
          timeoutMs: options.timeoutMs,
        }),
    }
  })
  return {
    members,
    folder,
    tls,
    issue,
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function makeAuthority(folder: string): { readonly key: string; readonly crt: string } {
  const [key, crt] = [path.join(folder, 'ca.key'), path.join(folder, 'ca.crt')]
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
  openssl('req', '-x509', '-new', '-key', key, '-subj', '/CN=test CA', '-days', '2', '-out', crt)
  return { key, crt }
}

async function issueCertificate(
  folder: string,
  authority: { readonly key: string; readonly crt: string },
  name: string,
  extensions: string,
  days: number,
): Promise<MemberTls> {
  const [key, csr, crt] = [`${name}.key`, `${name}.csr`, `${name}.crt`].map((file) => path.join(folder, file))
  if (key === undefined || csr === undefined || crt === undefined)
    throw new TypeError('three names make three paths')
  const settings = path.join(folder, `${name}.ext`)
  await writeFile(settings, `basicConstraints=CA:FALSE\n${extensions}\n`)
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-subj',
    `/CN=${name}`,
    '-out',
    csr,
  )
  openssl(
    'x509',
    '-req',
    '-in',
    csr,
    '-CA',
    authority.crt,
    '-CAkey',
    authority.key,
    '-CAcreateserial',
    '-days',
    String(days),
    '-extfile',
    settings,
    '-out',
    crt,
  )
  const [ca, cert, keyText] = await Promise.all(
    [authority.crt, crt, key].map((file) => readFile(file, 'utf8')),
  )
  return { ca: ca ?? '', cert: cert ?? '', key: keyText ?? '' }
}

function openssl(...argv: string[]): void {
  execFileSync('openssl', argv, { stdio: 'pipe' })
}
