import { expect, test } from 'vitest'
import { localPort } from './local-port.ts'

test.each([
  ['https://10.0.0.1:2379,https://127.0.0.1:2379', '127.0.0.1', 2379, false],
  ['https://10.0.0.1:2379,http://127.0.0.1:4001', '127.0.0.1', 4001, true],
  [
    'http://10.0.0.1:2379,https://10.0.0.1:2379,http://127.0.0.1:2379,https://127.0.0.1:2379',
    '127.0.0.1',
    2379,
    false,
  ],
  ['http://0.0.0.0:2379', '127.0.0.1', 2379, true],
  ['http://[::]:2379', '127.0.0.1', 2379, true],
  ['http://localhost:2379', '127.0.0.1', 2379, true],
  ['http://10.0.0.1:2379', '10.0.0.1', 2379, true],
  ['http://[2001:db8::1]:2379', '2001:db8::1', 2379, true],
])('with %s it is dialled at %s:%s, plaintext: %s', (urls, address, port, plaintext) => {
  expect(localPort({ ETCD_LISTEN_CLIENT_URLS: urls })).toEqual({
    at: address,
    port,
    plaintext,
    address: undefined,
  })
})

test.each([{}, { ETCD_LISTEN_CLIENT_URLS: 'nothing of use' }])('%j names no place', (environment) => {
  expect(localPort(environment)).toBeUndefined()
})
