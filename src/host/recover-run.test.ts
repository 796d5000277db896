import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import recover from './agent/recover.sh?raw'
import data from './agent/data.sh?raw'

let state: string
beforeEach(() => void (state = mkdtempSync(path.join(tmpdir(), 'quorate-recover-run-'))))
afterEach(() => rmSync(state, { recursive: true }))

/** As on a node, but with a replaced program: it prints a line of figures, and ends with this code. */
function run(exitCode: number, mode: string, ...words: readonly string[]) {
  const stubs = `
    set -eu
    state=$1 staging=$1
    fail() { printf '%s\\n' "$*" >&2; exit 1; }
    reasons() { cat; }
    wal_within() { return 1; }
    as_etcd() { echo 'recovered-status {}'; echo 'quorate: it broke' >&2; return ${exitCode}; }
    arg_program=$staging/program arg_name=etcd01 arg_data=/data arg_wal=/wal arg_mode=$2
    : >"$arg_program"
    shift 2
  `
  const program = `${data}\n${recover}\n${stubs}\nop_recover_run "$@"`
  return spawnSync('sh', ['-c', program, 'sh', state, mode, ...words], { encoding: 'utf8' })
}

test('a copy that does not come to the end of its log ends the recovery', () => {
  expect(run(0, 'end')).toMatchObject({ status: 0, stdout: 'recovered-status {}\n' })
  const broken = run(1, 'end')
  expect(broken).toMatchObject({ status: 1, stdout: '' })
  expect(broken.stderr).toMatch(/ \/data: it broke/)
})

test('what is only for a comparison does not: the cluster is made without it', () => {
  expect(run(1, 'past', '7', 'key', 'x')).toMatchObject({ status: 0, stdout: 'recovered-status {}\n' })
})
