/** How the v2 API is called; test/lab/etcd-client.test.ts has the answers of real members. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { connectMemberV2 } from './v2.ts'

test('values are read through a quorum, names without: that would be an entry of the log, on which 3.6 does not start', async () => {
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.end(JSON.stringify({ action: 'get', node: { dir: true, nodes: [{ key: '/seed', dir: true }] } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const target = { address: '127.0.0.1', port }
  const client = connectMemberV2({ name: 'etcd01', target, identity: '127.0.0.1', tls: undefined })
  try {
    expect(await client.names('/')).toEqual(['/seed'])
    await client.list('/seed')
    expect(asked).toEqual(['/v2/keys/', '/v2/keys/seed?quorum=true'])
  } finally {
    await client.close()
    server.closeAllConnections()
    server.close()
  }
})
