import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder: string
let program: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorate-compiled-'))
  program = path.join(folder, 'program.cjs')
  write('first')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Like an installation: replaces the file with another one of the same length and time. */
function write(said: string): void {
  const text = `exports.say = () => "${said}" + require("node:path").sep + (module.filename === __filename)\n`
  writeFileSync(`${program}.new`, text)
  renameSync(`${program}.new`, program)
}

/** In a separate process, which loads it twice. */
function run(command: string, keptIn: string | null = folder): string {
  const text = `
    import { loadCompiled } from ${JSON.stringify(path.join(import.meta.dirname, 'compiled.ts'))}
    const load = () => loadCompiled(...${JSON.stringify([program, keptIn, command])}.map((word) => word ?? undefined))
    console.log(load().say() + (load() === load()))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
  })
  expect(stderr.replaceAll(/^.*(ExperimentalWarning: Type Stripping|--trace-warnings).*\n/gm, '')).toBe('')
  return stdout.trim()
}

/** The commands with cached code, by file. */
function kept(): readonly unknown[] {
  const files = readdirSync(folder).filter((file) => !file.startsWith('program'))
  return files.toSorted().map((file) => {
    const [head = ''] = readFileSync(path.join(folder, file), 'latin1').split('\n')
    return [file.replace(/^[0-9a-f]+-/, ''), (JSON.parse(head) as { commands: unknown }).commands]
  })
}

test('code is kept, with that of each further command, and apart from the code of help', () => {
  for (const command of ['apply', 'apply', 'status', '']) expect(run(command)).toBe('first/truetrue')
  expect(kept()).toEqual([
    ['commands.code', ['apply', 'status']],
    ['help.code', ['']],
  ])
})

test('code of a file that is another one by now is not run', () => {
  expect(run('apply')).toBe('first/truetrue')
  write('other')
  expect(run('status')).toBe('other/truetrue')
  expect(kept()).toEqual([['commands.code', ['status']]])
})

test('code that was damaged is not run', () => {
  run('apply')
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.code'))
  const bytes = readFileSync(path.join(folder, file))
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 0xff
  writeFileSync(path.join(folder, file), bytes)
  expect(run('status')).toBe('first/truetrue')
  expect(kept()).toEqual([['commands.code', ['status']]])
  writeFileSync(path.join(folder, file), '')
  expect(run('apply')).toBe('first/truetrue')
  expect(kept()).toEqual([['commands.code', ['apply']]])
})

test('where nothing can be kept it runs all the same', () => {
  expect(run('apply', path.join(folder, 'missing'))).toBe('first/truetrue')
  expect(run('apply', null)).toBe('first/truetrue')
  expect(kept()).toEqual([])
})
