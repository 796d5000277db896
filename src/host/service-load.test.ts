/** A configuration that its program accepts and can't load, by the very program that runs on nodes. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NOT_READY } from '../etcd/named-settings.ts'
import { runProcess } from '../ssh/process.ts'
import begin from './agent/begin.sh?raw'
import files from './agent/files.sh?raw'
import ground from './agent/ground.sh?raw'
import services from './agent/services.sh?raw'
import { PUT_BACK } from './hint.ts'

/**
 * Stands for systemd with a running service that loads any file but a bad one: `loaded` is what it has. A restart of it
 * fails as a reload does.
 */
const SYSTEMD = `
systemctl() {
  case $* in
    is-active*) cat "$top/state" ;;
    'reload '* | 'restart '*)
      echo "$*" >>"$top/calls"
      if grep -q bad "$top/etc/x.cfg"; then [ ! -e "$top/dies" ] || echo failed >"$top/state"; return 1; fi
      echo active >"$top/state"
      cp "$top/etc/x.cfg" "$top/loaded" ;;
  esac
}
timeout() { shift; "$@"; }
not_ready() { echo "$1 ${NOT_READY}" >&2; exit 1; }
`

let top = ''
const at = (file: string) => path.join(top, file)
const read = (file: string) => readFileSync(at(file), 'utf8')
const marker = 'state.d/loading/x.service'

beforeEach(() => {
  top = mkdtempSync(path.join(os.tmpdir(), 'quorate-service-'))
  mkdirSync(at('etc'))
  mkdirSync(at('state.d'))
  writeFileSync(at('state'), 'active\n')
})
afterEach(() => rmSync(top, { recursive: true }))

/** @param operations programs in sh */
async function run(...operations: readonly string[]) {
  const given = `arg_unit=x.service arg_path=$top/etc/x.cfg arg_owner=$(id -u) arg_group=$(id -g) arg_mode=644 arg_content=$top/new`
  const load = 'arg_seconds=1 arg_how=reload arg_socket= arg_question= arg_answer='
  const setting = `top=$1\nstate=$top/state.d\n${given}\n${load}`
  const script = [begin, ground, files, services, SYSTEMD, setting, ...operations].join('\n')
  return await runProcess('sh', ['-c', script, 'sh', top])
}

const write = (content: string) => `echo ${content} >"$top/new"; op_service_file`
const load = 'op_service_load'

test('a file that loads is loaded, and nothing else is left', async () => {
  writeFileSync(at('etc/x.cfg'), 'old\n')
  expect(await run(write('good'), load)).toMatchObject({ exitCode: 0 })
  expect(read('loaded')).toBe('good\n')
  expect([existsSync(at(marker)), existsSync(at(`${marker}.before`))]).toEqual([false, false])
})

test('of a file that does not load the previous one is put back and loaded again', async () => {
  writeFileSync(at('etc/x.cfg'), 'old\n')
  const { exitCode, stderr } = await run(write('bad'), load)
  expect(exitCode).toBe(1)
  const [reason, undone = '', ...more] = stderr.split('\n')
  expect([reason, ...more]).toEqual([`x.service ${NOT_READY}`, ''])
  expect(undone).toMatch(PUT_BACK)
  expect(undone).toContain(` ${at('etc/x.cfg')} `)
  expect(undone).toMatch(/; x\.service is active$/)
  expect(read('etc/x.cfg')).toBe('old\n')
  expect(read('loaded')).toBe('old\n')
  expect([existsSync(at(marker)), existsSync(at(`${marker}.before`))]).toEqual([false, false])
})

test('a service that ended with it is started with the previous one', async () => {
  writeFileSync(at('etc/x.cfg'), 'old\n')
  writeFileSync(at('dies'), '')
  const { stderr } = await run(write('bad'), load)
  expect(stderr).toMatch(/x\.service is active\n$/)
  expect(read('calls')).toBe('reload x.service\nrestart x.service\n')
})

test('a run that was killed in between leaves the previous one for the next, whatever that writes', async () => {
  writeFileSync(at('etc/x.cfg'), 'old\n')
  await run(write('bad'))
  expect(existsSync(at(marker))).toBe(true)
  await run(write('bad2'), load)
  expect(read('etc/x.cfg')).toBe('old\n')
})

test('what is kept of an earlier time is not put back', async () => {
  writeFileSync(at('etc/x.cfg'), 'ancient\n')
  await run(write('old'), `${load}; mkdir -p "$state/loading/x.service.before$top/etc"`)
  writeFileSync(at(`${marker}.before${at('etc/x.cfg')}`), 'ancient\n')
  await run(write('bad'), load)
  expect(read('etc/x.cfg')).toBe('old\n')
})

test('where there was none the file stays, and counts as not loaded', async () => {
  const { exitCode, stderr } = await run(write('bad'), load)
  expect([exitCode, stderr]).toEqual([1, `x.service ${NOT_READY}\n`])
  expect(read('etc/x.cfg')).toBe('bad\n')
  expect(existsSync(at(marker))).toBe(true)
})
