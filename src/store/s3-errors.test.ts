import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { s3Error } from './s3-errors.ts'

const TITLE = 's3://etcd-backups/prod'

test.each([
  [{ name: 'NoSuchBucket' }, 'no-such-bucket', /prod: .* bucket /, /make it/],
  [{ name: 'SignatureDoesNotMatch' }, 'access-key-is-not-accepted', /prod: .*access key /, /credentials/],
  [
    { name: 'Unknown', $metadata: { httpStatusCode: 403 } },
    'access-key-lacks-rights',
    /prod: .*access key /,
    /PutObject/,
  ],
  [{ code: 'ECONNREFUSED' }, 'service-is-unreachable', /prod can't /, /endpoint/],
  [
    { name: 'Error', cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } },
    'certificate-is-not-trusted',
    /prod: its certificate /,
    /\.ca$/,
  ],
  [{ name: 'RequestTimeTooSkewed' }, 'clocks-differ', /the clock/, /^set .*clock/],
  [{ name: 'SlowDown' }, 'request-failed', /^x: failed/, /^rerun .*existing backups/],
])('%o', (properties, id, says, hint) => {
  const error = s3Error(Object.assign(new Error('as it was said'), properties), TITLE, 'x: failed')
  expect(error).toMatchObject({ code: 'store', id })
  expect(error.message).toMatch(says)
  expect(error.message).toContain('as it was said')
  expect(error.hint).toMatch(hint)
})

test('an error that is already explained stays unchanged', () => {
  const own = new QuorateError('etcd', 'the member went away')
  expect(s3Error(own, TITLE, 'x')).toBe(own)
})
