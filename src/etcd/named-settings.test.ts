import { expect, test } from 'vitest'
import { NOT_READY, settingsNamed } from './named-settings.ts'

const SETTINGS = {
  'heartbeat-interval': 'banana',
  'election-timeout': '50',
  'auto-compaction-mode': 'foo',
  'log-level': 'shout',
  log: 'x',
  'auth-token': 'jwt,pub-key=/nowhere.pem,sign-method=RS256',
}
const not = (words: string) => `etcd.service ${NOT_READY}, it is activating; its journal:\n${words}`

/** The messages of 3.3 to 3.7, as they print them. */
test.each([
  [
    'warn: failed to verify flags: invalid value "banana" for ETCD_HEARTBEAT_INTERVAL: parse error',
    ['heartbeat-interval'],
  ],
  ['C | etcdmain: invalid value "banana" for ETCD_HEARTBEAT_INTERVAL: parse error', ['heartbeat-interval']],
  [
    'warn: failed to verify flags: --election-timeout[50ms] should be at least as 5 times as --heartbeat-interval[100ms]',
    ['heartbeat-interval', 'election-timeout'],
  ],
  ['warn: failed to verify flags: unknown auto-compaction-mode "foo"', ['auto-compaction-mode']],
  ['panic: unrecognized level: "shout"', ['log-level']],
  ['panic: unknown level "shout"', ['log-level']],
  [
    'error: problem loading JWT options: open /nowhere.pem: no such file or directory\nfatal: discovery failed: auth: invalid auth options',
    ['auth-token'],
  ],
  ['error: open /nowhere.pem2: no such file or directory', []],
  ['warn: failed to verify flags: --log-outputs and x', []],
  ['fatal: listen tcp 10.0.0.1:2380: bind: address already in use', []],
])('%s', (words, names) => {
  expect(settingsNamed(SETTINGS, not(words))).toEqual(names)
})

test('what fails for another reason is about no setting', () => {
  expect(settingsNamed(SETTINGS, 'tar: log-level: No space left on device')).toEqual([])
})
