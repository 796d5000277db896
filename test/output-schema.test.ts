import { expect, test } from 'vitest'
import { checkOutput, commandOf } from './lab/support/output-schema.ts'

const VERSION = { formatVersion: 1, quorate: '0.1.0', node: '24.21.0' }

test.for([
  [['-f', 'run', 'backup', 'list', '--json'], 'backup list'],
  [['--json', 'run', 'common', '--', 'status'], 'run'],
  [['status', '--json'], 'status'],
  [['status'], undefined],
  [['etcdctl', '--json', '--', 'get'], undefined],
  [['run', 'etcd', '--', 'x', '--json'], undefined],
  [['validate', '--schema', '--json'], undefined],
] as const)('%j prints the JSON of %s', ([args, command]) => {
  expect(commandOf(args)).toBe(command)
})

test('an output that fits, an error, and lines of events', () => {
  const error = { formatVersion: 1, error: { code: 'usage', message: 'no' } }
  const looking = { formatVersion: 1, type: 'looking', hosts: ['etcd01'] }
  const fitting = [
    ['version', JSON.stringify(VERSION)],
    ['version', JSON.stringify(error)],
    ['apply', `${JSON.stringify(looking)}\n${JSON.stringify(error)}\n`],
    // From a run that was killed.
    ['apply', '{"formatVersion":1,"type":"look'],
  ] as const
  for (const [command, text] of fitting) expect(() => checkOutput([command, '--json'], text)).not.toThrow()
})

test.for([
  [['version', '--json'], { ...VERSION, node: 24 }],
  [['version', '--json'], { quorate: '0.1.0', node: '24.21.0' }],
  [['apply', '--json'], { formatVersion: 1, type: 'done', changed: 'yes' }],
  [['apply', '--json'], { formatVersion: 1, type: 'unheard of' }],
  [['nodes', '--json'], [{ name: 'a' }]],
  [['status', '--json'], { formatVersion: 1, error: { code: 'no such code', message: '' } }],
] as const)('%j: %j does not fit', ([args, value]) => {
  expect(() => checkOutput(args, JSON.stringify(value))).toThrow('does not fit its schema')
})
