import { expect, test } from 'vitest'
import { type ScheduleThere, parseLook } from './look.ts'
import { PLACES } from './places.ts'
import { fingerprintOf, parseSigners } from '../signing/allowed-signers.ts'
import { signingThere } from './signing.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOSh'
const OTHER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOSi'
const NOW = new Date('2026-11-22T12:00:00Z')
const LOOK = `machine x86_64
ssh-keygen
systemd 252
file root:root 600 aa ${PLACES.signingKey}
signing ${KEY} node-service01@prod
`
const DONE = { signingKey: undefined, allowSigner: undefined }
const there = (look = LOOK): ScheduleThere => parseLook('service01', look)
const signing = (look: string, list: string) =>
  signingThere({ name: 'prod' }, there(look), parseSigners(list), NOW)

function refused(look: string, list = ''): unknown {
  try {
    return signing(look, list)
  } catch (error) {
    return error
  }
}

test('a key of its own that counts: nothing is to be done; the first one that is there is let count', () => {
  expect(signing(LOOK, `node-service01@prod ${KEY}\n`)).toEqual(DONE)
  expect(signing(LOOK, '')).toEqual({ signingKey: undefined, allowSigner: fingerprintOf(KEY) })
  // A key of another cluster doesn't count.
  expect(signing(LOOK, `node-service01@dev ${KEY}\n`)).toMatchObject({ allowSigner: fingerprintOf(KEY) })
})

test('a key is made where there is none, where others could read it, where it was revoked or has ended', () => {
  const bare = LOOK.replace(/file .*\n/, '').replace(/signing .*\n/, '')
  expect(signing(bare, '')).toMatchObject({ signingKey: expect.any(String) })
  expect(signing(LOOK.replace('signing ssh', 'signing rsa'), '')).toMatchObject({
    signingKey: expect.any(String),
  })
  for (const open of ['root:root 640', 'admin:root 600'])
    expect(signing(LOOK.replace('root:root 600', open), '').signingKey).toContain(open)
  const line = `node-service01@prod ${KEY}`
  for (const list of [
    `# revoked 2026-11-01T00:00:00.000Z: ${line}\n`,
    line.replace(' ', ' valid-before="20261101" '),
  ])
    expect(signing(LOOK, list).signingKey).toMatch(/revoked, or replaced/)
})

test("another key than the listed one stops it, and so does a machine that can't sign", () => {
  expect(refused(LOOK, `node-service01@prod ${OTHER}\n`)).toMatchObject({
    code: 'blocked',
    host: 'service01',
    hint: expect.stringContaining('quorate backup signers rotate service01'),
  })
  expect(refused(LOOK.replace('ssh-keygen\n', ''))).toMatchObject({
    code: 'blocked',
    hint: expect.stringContaining('openssh-client'),
  })
  expect(refused(LOOK.replace('252', '241'))).toMatchObject({ code: 'blocked', host: 'service01' })
})
