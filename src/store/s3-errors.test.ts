import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { s3Error } from './s3-errors.ts'

const TITLE = 's3://etcd-backups/prod'

test.each([
  [{ name: 'NoSuchBucket' }, /there is no such bucket/, /make it/],
  [{ name: 'SignatureDoesNotMatch' }, /access key is not accepted/, /credentials/],
  [{ name: 'Unknown', $metadata: { httpStatusCode: 403 } }, /may not do that/, /PutObject/],
  [{ code: 'ECONNREFUSED' }, /can't be reached/, /endpoint/],
  [{ name: 'Error', cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } }, /certificate is not trusted/, /\.ca$/],
  [{ name: 'RequestTimeTooSkewed' }, /the clock/, /set the clock/],
  [{ name: 'SlowDown' }, /^x: failed/, /existing backups are unchanged/],
])('%o', (properties, says, hint) => {
  const error = s3Error(Object.assign(new Error('as it was said'), properties), TITLE, 'x: failed')
  expect(error).toMatchObject({ code: 'store' })
  expect(error.message).toMatch(says)
  expect(error.message).toContain('as it was said')
  expect(error.hint).toMatch(hint)
})

test('an error that is already explained stays unchanged', () => {
  const own = new QuorateError('etcd', 'the member went away')
  expect(s3Error(own, TITLE, 'x')).toBe(own)
})
