import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { inPieces } from '../../backup/stored.fixture.ts'
import { type Secret, seal } from '../../backup/sealing.ts'
import { makeRoot, privateKeyPem } from '../../pki/signer.ts'
import { inspectCaKey } from './verify-ca-key.ts'

const IDENTITY = 'AGE-SECRET-KEY-1L2CQGJL67C0K9ZK4AZ6046HT8MSAKDPL8Y2RXKZ4MJTDNPJLV0KQ5PSFTV'
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'
const secret: Secret = { kind: 'identities', identities: [IDENTITY] }

async function root() {
  return await makeRoot({ commonName: 'test CA', algorithm: 'ecdsa-p256', now: new Date() })
}

async function inBackup(content: string, trustPem: string) {
  const caKeySealed = await buffer(
    await seal({ kind: 'recipients', recipients: [RECIPIENT] }, inPieces(Buffer.from(content))),
  )
  return { name: 'b', caKeySealed, secret, trustPem }
}

test('the key of the CA is opened and belongs to a CA that is in the backup', async () => {
  const [ca, other] = [await root(), await root()]
  const key = privateKeyPem(ca.key)
  const both = other.certificatePem + ca.certificatePem
  expect(await inspectCaKey(await inBackup(key, both))).toBeUndefined()
  expect(await inspectCaKey(await inBackup(key, other.certificatePem))).toMatch(/matches none/)
  expect(await inspectCaKey({ name: 'b', caKeySealed: undefined, secret, trustPem: both })).toBeUndefined()
})

test('a text that is not a key, or was sealed for other recipients, is refused', async () => {
  const { certificatePem, key } = await root()
  await expect(inspectCaKey(await inBackup('hello', certificatePem))).rejects.toFail('backup/no-valid-ca-key')
  const sealed = await inBackup(privateKeyPem(key), certificatePem)
  const changed = Buffer.from(sealed.caKeySealed)
  changed[changed.length - 5] = (changed.at(-5) ?? 0) ^ 1
  await expect(inspectCaKey({ ...sealed, caKeySealed: changed })).rejects.toMatchObject({ code: 'backup' })
})
