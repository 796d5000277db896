/** Real etcd of every minor with the environment that quorate writes: it knows all of it, and serves. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectMember } from '../../src/etcd/client.ts'
import { memberEnvironment } from '../../src/etcd/configuration.ts'
import { Maintenance } from '../../src/etcd/gen/maintenance_pb.ts'
import { sampleCluster, sampleNode } from '../../src/etcd/sample.ts'
import { ETCD_CHOICES, etcdBinaries } from './etcd-binaries.ts'
import { startCluster } from './loopback-etcd.ts'
import { freePorts } from './support/ports.ts'

test.each(ETCD_CHOICES)('etcd of %s takes its environment', async (suite) => {
  const { directory, version } = await etcdBinaries(suite)
  // For its directory and its certificates; its own member is not used.
  await using certificates = await startCluster(directory, 1)
  const [clientPort, peerPort, metricsPort] = await freePorts(3)
  if (!clientPort || !peerPort || !metricsPort) throw new Error('no free ports')
  const cluster = sampleCluster({
    version,
    clientPort,
    peerPort,
    dataDirectory: path.join(certificates.folder, 'own/data'),
    walDirectory: path.join(certificates.folder, 'own/wal'),
    settings: { 'heartbeat-interval': '200', 'election-timeout': '2000' },
  })
  const node = sampleNode('etcd01', '127.0.0.1')
  const environment = memberEnvironment({ cluster, node, members: [node], token: 'sample-1', state: 'new' })
  const local = Object.entries(environment).map(([name, value]) => {
    const file = /^\/etc\/ssl\/etcd\/(?:etcd|(?<ca>ca))\.(?<kind>crt|key)$/.exec(value)?.groups
    if (file === undefined) return [name, value]
    return [name, path.join(certificates.folder, `${file['ca'] ?? 'member'}.${file['kind']}`)]
  })
  const env = { ...Object.fromEntries(local), ETCD_LISTEN_METRICS_URLS: `http://127.0.0.1:${metricsPort}` }
  const etcd = spawn(path.join(directory, 'etcd'), { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [etcd.stdout, etcd.stderr])
    stream.on('data', (text: Buffer) => (log += text.toString()))
  using client = connectMember({
    name: 'etcd01',
    target: { address: '127.0.0.1', port: clientPort },
    identity: '127.0.0.1',
    tls: certificates.tls,
  })
  try {
    await expect
      .poll(() => client.call(Maintenance.method.status, {}), { timeout: 60_000 })
      .toMatchObject({ version })
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/health`)
    expect(await metrics.json()).toMatchObject({ health: 'true' })
    expect(log).not.toMatch(/unrecognized|deprecated|be removed/i)
  } catch (error) {
    throw new Error(`${log}\n${String(error)}`, { cause: error })
  } finally {
    etcd.kill('SIGKILL')
    await sleep(0)
  }
})
