import { Option } from 'commander'
import { expect, test } from 'vitest'
import type { QuorateError } from '../errors.ts'
import type { CommandDefinition, CommandInput, ValueKind } from './command.ts'
import { COMMANDS } from './commands.ts'
import { SHARED_OPTIONS } from './shared-options.ts'
import { VALUE_CHECKS, checkValues } from './value-checks.ts'

const NONE: CommandInput = { args: [], rest: [], options: {} }

/** An invalid value, for every kind that is checked here. */
const BANANA: Readonly<Partial<Record<ValueKind, string>>> = {
  name: 'Banana!',
  'common-name': 'banana/split',
  path: '~banana',
  calendar: 'banana;',
  recipient: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  host: '-banana',
  destination: 'root@-banana',
  user: '-banana',
  jump: '-banana',
  suite: 'Banana!',
}

/** Every option with a value, and every argument, of every command. */
const PLACES = COMMANDS.flatMap((definition) => {
  const { name, arguments: own = [], options = [] } = definition
  const valued = [...options, ...SHARED_OPTIONS].filter(({ flags }) => /[<[]/.test(flags))
  return [
    ...own.map(({ syntax, value }, index) => ({ definition, place: `${name} ${syntax}`, value, index })),
    ...valued.map((option) => ({ definition, place: `${name} ${option.flags}`, ...option, index: -1 })),
  ]
})

test('every option that takes a value says what it is, so that it is checked as one', () => {
  const open = PLACES.filter((one) => 'flags' in one && one.value === undefined && !('choices' in one))
  expect(open.map(({ place }) => place)).toEqual([])
  expect(PLACES.length).toBeGreaterThan(100)
})

test('an impossible value is an invalid command line: 64, and the option is named', () => {
  const checked = PLACES.filter(({ value = 'own' }) => value !== 'own' && value !== 'key')
  for (const one of checked) {
    const { definition, place, value = 'own', index } = one
    for (const text of [BANANA[value] ?? 'banana', '']) {
      const input = index >= 0 ? argument(index, text) : withOption('flags' in one ? one.flags : '', text)
      const error = refusal(definition, input)
      expect({ place, code: error?.code }).toEqual({ place, code: 'usage' })
      const named =
        'flags' in one ? new Option(one.flags).long : place.split(' ').at(-1)?.replaceAll(/\W/g, '')
      expect(error?.message.toLowerCase()).toContain(`${named}: `)
    }
  }
  expect(new Set(checked.map(({ value }) => value)).size).toBe(Object.keys(VALUE_CHECKS).length - 3)
})

test.each([
  ['upgrade', { to: '3.5.30', watch: '10' }],
  ['member add', { address: '10.0.0.4', sshHost: 'db4', user: 'admin', port: '2222', jump: 'a@b:22' }],
  ['restore', { address: ['etcd01=10.0.1.11', 'etcd02=2001:db8::2'], into: 'cluster.yaml' }],
  ['member replace', { anew: '8e9e05c52164694d' }],
  ['backup schedule', { every: '*-*-* 03:00:00', metrics: '/var/lib/metrics' }],
  ['export', { prefix: '', revision: '123456789012345678', output: '-' }],
  ['nodes', { passphraseFile: '/dev/null' }],
] as const)('%s: what is right passes', (name, options) => {
  const definition = COMMANDS.find((one) => one.name === name)
  expect(() => checkValues(definition!, { ...NONE, options })).not.toThrow()
})

function argument(index: number, text: string): CommandInput {
  return { ...NONE, args: [...Array.from({ length: index }, () => 'etcd01'), text] }
}

function withOption(flags: string, text: string): CommandInput {
  const own = new Option(flags)
  return { ...NONE, options: { [own.attributeName()]: own.variadic ? [text] : text } }
}

function refusal(definition: CommandDefinition, input: CommandInput): QuorateError | undefined {
  try {
    checkValues(definition, input)
    return undefined
  } catch (error) {
    return error as QuorateError
  }
}
