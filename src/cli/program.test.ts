import { expect, test } from 'vitest'
import { COMMANDS } from './commands.ts'
import { buildProgram } from './program.ts'

/** The command, and its options that are not shared, as the handler gets them. */
async function parsed(line: string): Promise<[string, Record<string, unknown>]> {
  let found: [string, Record<string, unknown>] | undefined
  const program = buildProgram(async ({ name }, { options }) => {
    const { color: _color, file: _file, ...own } = options
    found = [name, own]
    await Promise.resolve()
  }, [])
  await program.parseAsync(line.split(' '), { from: 'user' })
  if (found === undefined) throw new TypeError(`${line} runs no command`)
  return found
}

test.each([
  ['backup verify --drill', 'backup verify --test-restore', { testRestore: true }],
  [
    'member replace etcd03 --anew 8e9e05c52164694d',
    'member replace etcd03 --recreate 8e9e05c52164694d',
    { recreate: '8e9e05c52164694d' },
  ],
])('%s: the older name of an option gives what the present one gives', async (older, present, value) => {
  const [name, options] = await parsed(older)
  expect([name, options]).toEqual(await parsed(present))
  expect(options).toMatchObject(value)
})

test('a command runs under its older name too, and help shows the present one alone', async () => {
  const older = COMMANDS.filter(({ name }) => name === 'unjam')
  const present = COMMANDS.filter(({ name }) => name === 'space reclaim')
  expect(older).toMatchObject([{ hidden: true, load: present[0]?.load }])
  expect((await parsed('unjam'))[0]).toBe('unjam')
  const help = buildProgram(async () => await Promise.resolve(), []).helpInformation()
  expect(help).toContain('space')
  expect(help).not.toContain('unjam')
})
