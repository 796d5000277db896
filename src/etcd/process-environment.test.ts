import { expect, test } from 'vitest'
import { parseProcessEnvironment } from './process-environment.ts'

test('of a variable that is there twice the first counts, as for etcd', () => {
  expect(parseProcessEnvironment('ETCD_NAME=a\0B=c=d\0ETCD_NAME=b\0NONE\0EMPTY=\0')).toEqual({
    ETCD_NAME: 'a',
    B: 'c=d',
    NONE: '',
    EMPTY: '',
  })
})
