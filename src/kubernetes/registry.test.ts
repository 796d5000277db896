import { expect, test } from 'vitest'
import { trustsOneOf } from './registry.ts'

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
const OWN = pem('QUJD\nREVG')

test.each([
  ['as protobuf has it', `k8s\u0000\n\u000cv1\u0012\tConfigMap\u0012ca.crt\u0012${OWN}\u001a`, true],
  ['as JSON has it', JSON.stringify({ data: { 'client-ca-file': OWN } }), true],
  ['beside another', pem('WFla') + OWN, true],
  ['of another CA', pem('WFla'), false],
  ['cut off', OWN.slice(0, 40), false],
  ['nothing', '', false],
])('whose objects they are is told by the CA in them: %s', (_how, stored, isOwn) => {
  expect(trustsOneOf(stored, pem('MTIz') + OWN)).toBe(isOwn)
})

test('a Kubernetes without a CA owns nothing', () => {
  expect(trustsOneOf(OWN, '')).toBe(false)
})
