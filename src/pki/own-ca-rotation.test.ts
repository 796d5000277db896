import { existsSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeCertificate } from './certificate.ts'
import { openLocalAuthority } from './local.ts'
import { caFolders, otherCa } from './own-ca-folder.ts'
import { beginRotation, retireOther, turnBack } from './own-ca-rotation.ts'
import { makeLocalCa } from './make-local-ca.ts'
import { scratch } from './scratch.ts'
import { memberRequest } from './testing.ts'
import { fingerprintsOf, firstFingerprint } from './trust-mark.ts'
import { trustFile, withTrust } from './trust.ts'

const make = {
  clusterName: 'demo',
  passphrase: false,
  algorithm: 'ecdsa-p256',
  askPassphrase: () => Promise.resolve(''),
  now: () => new Date(),
} as const

async function world() {
  const stateDirectory = scratch()
  const directory = path.join(stateDirectory, 'ca')
  await makeLocalCa({ ...make, directory })
  const own = { stateDirectory, directory }
  const open = () => withTrust(openLocalAuthority({ ...make, directory }), trustFile(stateDirectory))
  const signer = async () => describeCertificate(await open().chain()).commonName
  const issuer = async () => {
    const { pem } = await open().issue(memberRequest(scratch()))
    return describeCertificate(pem).issuer
  }
  return { own, folders: caFolders(directory), open, signer, issuer }
}

test('the new one signs and both are trusted; back again the old one does, and both are still', async () => {
  const { own, folders, open, signer, issuer } = await world()
  const old = await open().chain()
  await beginRotation(own, make)
  expect(await issuer()).toBe('CN=demo etcd CA 2')
  const both = await open().trust()
  expect(fingerprintsOf(both)).toHaveLength(2)
  expect(firstFingerprint(both)).toBe(firstFingerprint(await open().chain()))
  expect(otherCa(own)).toBe('previous')
  // A repeated request changes nothing.
  await beginRotation(own, make)
  expect(await signer()).toBe('demo etcd CA 2')

  await turnBack(own)
  expect(await open().chain()).toBe(old)
  expect(await issuer()).toBe('CN=demo etcd CA')
  expect(fingerprintsOf(await open().trust())).toEqual(fingerprintsOf(both))
  // In both directions, the old one is the first in the file: that shows which CA the rollback leads to.
  expect(firstFingerprint(readFileSync(trustFile(own.stateDirectory), 'utf8'))).toBe(firstFingerprint(old))
  expect(otherCa(own)).toBe('next')
  await turnBack(own)
  expect(await signer()).toBe('demo etcd CA')
  // Forward again, with the CA that was created the first time.
  await beginRotation(own, make)
  expect(fingerprintsOf(await open().trust())).toEqual(fingerprintsOf(both))
  expect(existsSync(folders.next)).toBe(false)
})

test('interrupted between the two renames: the new one signs, nothing is created again, and both directions continue from there', async () => {
  for (const goOn of [beginRotation, turnBack] as const) {
    const { own, folders, signer, issuer } = await world()
    await beginRotation(own, make)
    renameSync(folders.present, folders.next)
    expect(await issuer()).toBe('CN=demo etcd CA 2')
    expect(existsSync(folders.present)).toBe(false)
    await (goOn === beginRotation ? beginRotation(own, make) : turnBack(own))
    expect(await signer()).toBe(goOn === beginRotation ? 'demo etcd CA 2' : 'demo etcd CA')
  }
})

test('what does not sign any more is put away with its key, and never in the place of another', async () => {
  const { own } = await world()
  await beginRotation(own, make)
  const [first = ''] = await retireOther(own, '20260101T000000Z')
  expect(statSync(first).mode & 0o777).toBe(0o700)
  expect(readdirSync(first).sort()).toEqual(['ca.crt', 'ca.key'])
  await beginRotation(own, make)
  const [second = ''] = await retireOther(own, '20260101T000000Z')
  expect(second).not.toBe(first)
  expect(describeCertificate(readFileSync(path.join(second, 'ca.crt'), 'utf8')).commonName).toBe(
    'demo etcd CA 2',
  )
  expect(otherCa(own)).toBeUndefined()
  expect(await retireOther(own, '20260101T000000Z')).toEqual([])
})
