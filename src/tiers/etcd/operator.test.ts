/** quorate's own client certificate when the CA's key is not there. */
import { renameSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../engine/events.ts'
import { readText } from '../../files/read-file.ts'
import { openLocalAuthority } from '../../pki/local.ts'
import { scratch } from '../../pki/scratch.ts'
import { DAY_MS } from '../../pki/authority.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { issueOperator, operatorCredentials } from './operator.ts'

/** A cluster whose operator has a certificate for a year. @param days how much later than that `now` is */
async function withoutKey(days: number) {
  const stateDirectory = scratch()
  const sample = sampleKubernetesCluster()
  const cluster = { ...sample, stateDirectory, pki: { ...sample.pki, days: 365 } }
  const directory = path.join(stateDirectory, 'ca')
  const clock = { now: new Date() }
  const open = () =>
    openLocalAuthority({
      clusterName: cluster.name,
      directory,
      passphrase: false,
      algorithm: 'ecdsa-p256',
      askPassphrase: async () => await Promise.resolve(''),
      now: () => clock.now,
    })
  const told: RunEvent[] = []
  const options = {
    cluster,
    now: () => clock.now,
    signal: new AbortController().signal,
    emit: (event: RunEvent) => void told.push(event),
  }
  const complete = open()
  await complete.chain()
  expect(await issueOperator(options, complete)).toBe(true)
  const certificate = await readText(path.join(stateDirectory, 'operator', 'quorate-operator.crt'))
  renameSync(path.join(directory, 'ca.key'), path.join(directory, 'elsewhere'))
  clock.now = new Date(clock.now.getTime() + days * DAY_MS)
  return { authority: open(), options, certificate, told }
}

test('a certificate that expires soon is used until then, with a warning', async () => {
  const { authority, options, certificate, told } = await withoutKey(350)
  expect((await operatorCredentials(options, authority)).cert).toBe(certificate)
  expect(told).toMatchObject([{ type: 'warning', id: 'operator-certificate-not-renewed' }])
  expect(await issueOperator(options, authority)).toBe(false)
})

test('one that has expired is an error that names it, and the missing key', async () => {
  const { authority, options, told } = await withoutKey(370)
  await expect(operatorCredentials(options, authority)).rejects.toFail('pki/ca-key-is-missing', {
    says: ["operator's certificate", 'ca.key'],
  })
  expect(told).toEqual([])
})

test('Ctrl-C while the CA is asked ends the command, whatever the certificate', async () => {
  const { authority, options } = await withoutKey(350)
  const stopped = { ...options, signal: AbortSignal.abort() }
  await expect(issueOperator(stopped, authority)).rejects.toThrow()
})
