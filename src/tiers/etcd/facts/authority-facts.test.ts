import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scratch } from '../../../pki/scratch.ts'
import { opensslCa } from '../../../pki/testing.ts'
import { UNKNOWN_YET } from './unknown.ts'
import { authorityOf } from './authority-facts.ts'

const CA = ['basicConstraints = critical, CA:TRUE', 'keyUsage = critical, keyCertSign, cRLSign']

function pem(folder: string, name: string, options: Parameters<typeof opensslCa>[2] = {}): string {
  return readFileSync(opensslCa(folder, name, options).certificate, 'utf8')
}

const forbidden = async (bundle: string) =>
  (await authorityOf({ name: 'prod' }, bundle)).forbidsMemberName === true

test.each([
  ['permitted;DNS:corp.example', true],
  ['excluded;DNS:quorate.internal', true],
  ['excluded;DNS:corp.example', false],
  ['permitted;DNS:internal', false],
])(
  "whether name constraints (%s) keep a CA from signing the members' name: %s",
  async (constraint, expected) => {
    const folder = scratch()
    const extensions = [...CA, `nameConstraints = critical, ${constraint}`]
    expect(await forbidden(pem(folder, 'ca', { extensions }))).toBe(expected)
  },
)

test('those above the CA that signs count as well; those of another one, that is only trusted, do not', async () => {
  const folder = scratch()
  const extensions = [...CA, 'nameConstraints = critical, permitted;DNS:corp.example']
  const root = pem(folder, 'root', { extensions })
  const below = pem(folder, 'below', { issuer: 'root', extensions: CA })
  const other = pem(folder, 'other')
  expect(await forbidden(`${below}${root}`)).toBe(true)
  expect(await forbidden(`${other}${below}${root}`)).toBe(false)
  expect(await authorityOf({ name: 'prod' }, undefined)).toEqual({ bundle: undefined })
  // A cluster without TLS that is being adopted: its CA is predicted.
  expect(await authorityOf({ name: 'prod' }, UNKNOWN_YET)).toEqual({ bundle: UNKNOWN_YET })
})
