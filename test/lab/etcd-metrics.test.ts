/** Who can read the metrics of real etcd, for every minor: with `metrics: clients` only clients with a certificate. */
import { spawn } from 'node:child_process'
import { request } from 'node:https'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { memberEnvironment } from '../../src/etcd/configuration.ts'
import { sampleCluster, sampleNode } from '../../src/etcd/sample.ts'
import { ETCD_CHOICES, etcdBinaries } from './etcd-binaries.ts'
import { startCluster } from './loopback-etcd.ts'
import { freePorts } from './support/ports.ts'

test.each(ETCD_CHOICES)(
  'metrics: clients of etcd of %s: served with a certificate on the client port, and nowhere without one',
  async (suite) => {
    const { directory, version } = await etcdBinaries(suite)
    await using certificates = await startCluster(directory, 1)
    const [clientPort, peerPort] = await freePorts(2)
    if (!clientPort || !peerPort) throw new Error('no free ports')
    const cluster = sampleCluster({
      version,
      clientPort,
      peerPort,
      metrics: 'clients',
      dataDirectory: path.join(certificates.folder, 'own/data'),
      walDirectory: path.join(certificates.folder, 'own/wal'),
    })
    const node = sampleNode('etcd01', '127.0.0.1')
    const environment = memberEnvironment({ cluster, node, members: [node], token: 'sample-1', state: 'new' })
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => {
        const file = /^\/etc\/ssl\/etcd\/(?:etcd|(?<ca>ca))\.(?<kind>crt|key)$/.exec(value)?.groups
        if (file === undefined) return [name, value]
        return [name, path.join(certificates.folder, `${file['ca'] ?? 'member'}.${file['kind']}`)]
      }),
    )
    const etcd = spawn(path.join(directory, 'etcd'), { env, stdio: 'ignore' })
    try {
      const ask = async (tls: { readonly cert?: string; readonly key?: string }) =>
        await new Promise<string>((resolve) => {
          const { ca } = certificates.tls
          const url = `https://127.0.0.1:${clientPort}/metrics`
          const asked = request(url, { ca, ...tls, agent: false }, (response) => {
            response.resume()
            resolve(String(response.statusCode))
          })
          asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
          asked.end()
        })
      await expect.poll(() => ask(certificates.tls), { timeout: 60_000 }).toBe('200')
      expect(await ask({})).toMatch(/SSL|EPROTO|ECONNRESET|ALERT/)
      expect(Object.values(environment).join(' ')).not.toContain('http://')
    } finally {
      etcd.kill('SIGKILL')
      await sleep(0)
    }
  },
)
