import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { auditPolicy } from './audit-policy.ts'
import { encryptionConfig } from './encryption-config.ts'

interface Rule {
  readonly level: string
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly resources?: readonly { readonly resources?: readonly string[] }[]
}

const key = (name: string, byte: number) => ({ name, secret: new Uint8Array(32).fill(byte) })

test('the audit log never has what is in an object, and always who asked for a secret', () => {
  const { rules } = parse(auditPolicy()) as { readonly rules: readonly Rule[] }
  expect(new Set(rules.map(({ level }) => level))).toEqual(new Set(['None', 'Metadata']))
  // The first matching rule counts.
  expect(rules[0]).toMatchObject({
    level: 'Metadata',
    resources: [{ resources: expect.arrayContaining(['secrets']) as unknown }],
  })
  expect(rules.at(-1)).toEqual({ level: 'Metadata' })
})

test('the first key encrypts, all decrypt, and what was never encrypted is read', () => {
  expect(parse(encryptionConfig([key('key2', 2), key('key1', 1)]))).toMatchObject({
    kind: 'EncryptionConfiguration',
    resources: [
      {
        resources: ['secrets'],
        providers: [
          {
            secretbox: {
              keys: [
                { name: 'key2', secret: Buffer.alloc(32, 2).toString('base64') },
                { name: 'key1', secret: Buffer.alloc(32, 1).toString('base64') },
              ],
            },
          },
          { identity: {} },
        ],
      },
    ],
  })
})

test('a key that secretbox does not take is refused', () => {
  expect(() => encryptionConfig([{ name: 'key1', secret: new Uint8Array(16) }])).toThrow(/^key1 /)
})
