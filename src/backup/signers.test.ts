import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSignature } from '../signing/ssh-keygen.ts'
import {
  replaceSigner,
  givenSigners,
  listOf,
  operatorSigner,
  retireSigner,
  revokeSigner,
  rotateOperator,
  signersFile,
  signingKeyFile,
  trustedSigners,
} from './signers.ts'

let stateDirectory: string
beforeEach(async () => {
  stateDirectory = await mkdtemp(path.join(os.tmpdir(), 'quorate-signers-'))
})
afterEach(async () => {
  await rm(stateDirectory, { recursive: true })
})

const NOW = new Date('2026-11-22T12:00:00Z')
const LATER = new Date('2026-11-22T13:00:00Z')
const home = () => ({ name: 'prod', stateDirectory })
const key = async () => await readFile(signingKeyFile(home()), 'utf8')

/** Whether a signature counts that claims this time. */
async function counts(signature: string, at: Date): Promise<string> {
  const { text: allowed = '' } = await trustedSigners(home())
  const asked = { text: 'text', signature, principal: 'operator@prod', at, allowed, folder: stateDirectory }
  return (await checkSignature(asked)).kind
}

test('the first backup makes a key, for its owner alone; the next one uses it', async () => {
  const made: string[] = []
  const options = { now: NOW, onMade: (text: string) => void made.push(text) }
  const signer = await operatorSigner(home(), options)
  const first = await key()
  expect((await stat(signingKeyFile(home()))).mode & 0o777).toBe(0o600)
  expect(made).toEqual([expect.stringContaining(signersFile(home()))])
  const again = await operatorSigner(home(), options)
  expect(made).toHaveLength(1)
  expect(await key()).toBe(first)
  expect(await listOf(home())).toMatchObject([{ principals: 'operator@prod' }])
  expect(await counts(await signer.sign('text'), NOW)).toBe('good')
  expect(await counts(await again.sign('text'), NOW)).toBe('good')
  expect((await readdir(stateDirectory)).toSorted()).toEqual(['allowed_signers', 'backup-signing.key'])
})

test('two at once make one key', async () => {
  const signers = await Promise.all([1, 2, 3].map(async () => await operatorSigner(home(), { now: NOW })))
  for (const signer of signers) expect(await counts(await signer.sign('text'), NOW)).toBe('good')
})

test('replaced: what the old key signed counts until then; revoked: nothing does, and the next run makes another', async () => {
  const old = await operatorSigner(home(), { now: NOW })
  const signature = await old.sign('text')
  const before = await key()
  const fresh = await rotateOperator(home(), { now: NOW })
  expect(await key()).not.toBe(before)
  expect([await counts(signature, NOW), await counts(signature, LATER)]).toEqual(['good', 'unknown'])
  const signer = await operatorSigner(home(), { now: LATER })
  expect(await counts(await signer.sign('text'), LATER)).toBe('good')

  const all = await revokeSigner(home(), 'operator@prod', LATER)
  expect(all.map(({ fingerprint }) => fingerprint)).toContain(fresh.fingerprint)
  expect([await counts(signature, NOW), await counts(await old.sign('text').catch(() => ''), NOW)]).toEqual([
    'unknown',
    'bad',
  ])
  await expect(revokeSigner(home(), 'operator@prod', LATER)).rejects.toMatchObject({ code: 'usage' })
  const next = await operatorSigner(home(), { now: LATER })
  expect(await counts(await next.sign('text'), LATER)).toBe('good')
})

test('a key that is put back after it was revoked is not used again', async () => {
  await operatorSigner(home(), { now: NOW })
  const revoked = await key()
  await revokeSigner(home(), 'operator@prod', NOW)
  await writeFile(signingKeyFile(home()), revoked, { mode: 0o600 })
  const signer = await operatorSigner(home(), { now: LATER })
  expect(await key()).not.toBe(revoked)
  expect(await counts(await signer.sign('text'), LATER)).toBe('good')
})

test('a key with a passphrase, or readable by others, is refused at once, without a question', async () => {
  const file = signingKeyFile(home())
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'correct horse', '-f', file])
  await expect(operatorSigner(home(), { now: NOW })).rejects.toFail('state/key-needs-a-passphrase', {
    says: file,
  })
  execFileSync('ssh-keygen', ['-q', '-p', '-P', 'correct horse', '-N', '', '-f', file])
  execFileSync('chmod', ['644', file])
  await expect(operatorSigner(home(), { now: NOW })).rejects.toMatchObject({ code: 'state' })
})

test("a node's key is replaced with another, or ends with its schedule", async () => {
  const principal = 'node-service01@prod'
  const [one, other] = ['AAAAC3NzaC1lZDI1NTE5AAAAIOSh', 'AAAAC3NzaC1lZDI1NTE5AAAAIOSi']
  await retireSigner(home(), principal, NOW)
  await replaceSigner(home(), { principal, publicKey: `ssh-ed25519 ${one}`, now: NOW })
  await replaceSigner(home(), { principal, publicKey: `ssh-ed25519 ${other}`, now: LATER })
  const ends = async () => (await listOf(home())).map(({ until }) => until?.toISOString() ?? 'none')
  expect(await ends()).toEqual(['2026-11-22T13:10:00.000Z', 'none'])
  await retireSigner(home(), principal, LATER)
  expect(await ends()).toEqual(['2026-11-22T13:10:00.000Z', '2026-11-22T13:10:00.000Z'])
})

test('a named list must exist, be a file, and name a signer', async () => {
  const file = path.join(stateDirectory, 'empty')
  await writeFile(file, '# nobody\n')
  for (const given of [file, path.join(stateDirectory, 'missing'), '/dev/zero'])
    await expect(givenSigners(given)).rejects.toMatchObject({ code: 'state' })
  expect(await trustedSigners(home())).toEqual({ file: signersFile(home()), text: undefined })
})
