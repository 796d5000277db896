/** A server in a member's place can't fill memory, and can't forge a line of output. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { MemberClient } from './client.ts'
import { Cluster } from './gen/cluster_pb.ts'
import { readServedVersion } from './served-version.ts'
import { listMembers } from './view.ts'

test('of a list of members no more is read than any cluster has, and each name stays on its line', async () => {
  const hostile = 'etcd01\n\u001B[2Jquorate: all is well'
  const member = {
    id: 1n,
    name: hostile.repeat(1_000),
    peerUrls: [hostile],
    clientUrls: [],
    isLearner: false,
  }
  const call = async (method: unknown) => {
    expect(method).toBe(Cluster.method.memberList)
    return await Promise.resolve({ members: Array.from({ length: 50_000 }, () => member) })
  }
  const { members } = await listMembers({ name: 'etcd01', call } as unknown as MemberClient)
  expect(members).toHaveLength(1_000)
  const [first] = members
  expect(first?.peerUrls).toEqual(['etcd01\\n\\x1b[2Jquorate: all is well'])
  expect(first?.name.length).toBeLessThan(600)
})

test('an answer over HTTP that is a mountain is given up', async () => {
  const server = createServer((_request, response) => response.end('x'.repeat(10 * 1024 ** 2)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const options = {
    name: 'etcd01',
    target: { address: '127.0.0.1', port },
    identity: '127.0.0.1',
    tls: undefined,
  }
  await expect(readServedVersion(options)).rejects.toThrow(/max size/)
  server.closeAllConnections()
  server.close()
})
