/** A real kube-apiserver by itself, as a plain process on this host's loopback, on a real etcd. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type ApiClient, connectApi } from '../../../src/kubernetes/api-client.ts'
import type { ApiOptions } from '../../../src/kubernetes/api-request.ts'
import { opensslCa } from '../../../src/pki/testing.ts'
import { until } from '../../../src/wait/until.ts'
import { etcdBinaries } from '../../lab/etcd-binaries.ts'
import { startCluster } from '../../lab/loopback-etcd.ts'
import { freePorts } from '../../lab/support/ports.ts'
import { builtKubernetes } from '../built.ts'

/** Takes 20 s on an idle computer. */
const READY_MS = 120_000

export interface TestApiServer extends AsyncDisposable {
  /** Address and credentials for a user with this name and these groups. */
  options(commonName: string, groups: readonly string[]): Promise<ApiOptions>
  client(commonName: string, groups: readonly string[]): Promise<ApiClient>
}

export async function startApiServer(): Promise<TestApiServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-api-server-'))
  const program = (await builtKubernetes()).files.find(({ name }) => name === 'kubernetes')
  const link = path.join(folder, 'kube-apiserver')
  await symlink(program?.path ?? '', link)
  const etcd = await startCluster((await etcdBinaries('3.6.16')).directory, 1)
  opensslCa(folder, 'ca')
  opensslCa(folder, 'server', { issuer: 'ca', extensions: ['subjectAltName = IP:127.0.0.1'] })
  execFileSync('openssl', ['genrsa', '-out', 'sa.key', '2048'], { cwd: folder, stdio: 'ignore' })
  execFileSync('openssl', ['rsa', '-in', 'sa.key', '-pubout', '-out', 'sa.pub'], {
    cwd: folder,
    stdio: 'ignore',
  })
  const [port = 0] = await freePorts(1)
  const flags = {
    'etcd-servers': etcd.members.map(({ clientPort }) => `https://127.0.0.1:${clientPort}`).join(','),
    'etcd-cafile': path.join(etcd.folder, 'ca.crt'),
    'etcd-certfile': path.join(etcd.folder, 'operator.crt'),
    'etcd-keyfile': path.join(etcd.folder, 'operator.key'),
    'service-cluster-ip-range': '10.96.0.0/16',
    'client-ca-file': path.join(folder, 'ca.crt'),
    'tls-cert-file': path.join(folder, 'server.crt'),
    'tls-private-key-file': path.join(folder, 'server.key'),
    'cert-dir': folder,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': path.join(folder, 'sa.pub'),
    'service-account-signing-key-file': path.join(folder, 'sa.key'),
    'authorization-mode': 'Node,RBAC',
    // No controller-manager runs, which would create accounts.
    'disable-admission-plugins': 'ServiceAccount',
    'bind-address': '127.0.0.1',
    'advertise-address': '192.0.2.21',
    'secure-port': String(port),
  }
  const said = path.join(folder, 'log')
  const server: ChildProcess = spawn(
    'sh',
    [
      '-c',
      'exec "$@" >"$LOG" 2>&1',
      'sh',
      link,
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ],
    { env: { ...process.env, LOG: said }, stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const clients: ApiClient[] = []
  let issued = 0
  const options = async (commonName: string, groups: readonly string[]): Promise<ApiOptions> => {
    const file = `client-${++issued}`
    const subject = [...groups.map((group) => `/O=${group}`), `/CN=${commonName}`].join('')
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-new', ...kind, '-keyout', `${file}.key`, '-subj', subject, '-out', `${file}.csr`)
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    await writeFile(path.join(folder, `${file}.ext`), 'extendedKeyUsage=clientAuth\n')
    openssl('x509', '-req', '-in', `${file}.csr`, ...signer, '-extfile', `${file}.ext`, '-out', `${file}.crt`)
    const pem = async (name: string) => await readFile(path.join(folder, name), 'utf8')
    return {
      name: 'master01',
      target: { address: '127.0.0.1', port },
      identity: '127.0.0.1',
      tls: { ca: await pem('ca.crt'), cert: await pem(`${file}.crt`), key: await pem(`${file}.key`) },
    }
  }
  const client = async (commonName: string, groups: readonly string[]) => {
    const made = connectApi(await options(commonName, groups))
    clients.push(made)
    return made
  }
  const close = async () => {
    await Promise.all(clients.map(async (one) => await one.close()))
    server.kill('SIGKILL')
    await ended
    await etcd[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const first = await client('first', ['system:masters'])
    await until(
      async () => {
        if (server.exitCode !== null) throw new Error((await readFile(said, 'utf8')).slice(-3_000))
        const ready = await first
          .readyz()
          .catch((error: Error) => ({ ready: false, failed: [error.message] }))
        return ready.ready ? { found: undefined } : { missing: ready.failed }
      },
      {
        ms: READY_MS,
        everyMs: 200,
        signal: undefined,
        late: async (failed) => {
          throw new Error(
            `kube-apiserver is not ready: ${failed.join(', ')}\n${(await readFile(said, 'utf8')).slice(-3_000)}`,
          )
        },
      },
    )
  } catch (error) {
    await close()
    throw error
  }
  return { options, client, [Symbol.asyncDispose]: close }
}
