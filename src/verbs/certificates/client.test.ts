import { expect, test } from 'vitest'
import type { Session } from '../../tiers/etcd/session.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { GOOD } from '../../spec/sample.ts'
import { clientCertificate } from './client.ts'

test('a lost CA is not recreated by asking for a certificate: no member would trust it', async () => {
  let made = false
  const session = {
    cluster: parseClusterFile(GOOD, 'cluster.yaml').cluster,
    now: () => new Date(0),
    signal: new AbortController().signal,
    bundle: async () => await Promise.resolve(undefined),
    authority: async () => {
      made = true
      return await Promise.reject(new Error('made'))
    },
  } as unknown as Session
  await expect(clientCertificate(session, { name: 'anna' })).rejects.toMatchObject({
    code: 'pki',
    hint: expect.stringContaining('quorate apply'),
  })
  expect(made).toBe(false)
})
