import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import program from './agent/surroundings.sh?raw'
import { parseSurroundings } from './surroundings.ts'

/** The program's output for drop-ins that systemd has loaded, in a local shell with a replaced systemctl. */
function said(files: Readonly<Record<string, string>>, environment = ''): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-surroundings-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  for (const [name, text] of Object.entries(files))
    writeFileSync(path.join(folder, name), text.replaceAll('@', `${folder}/`))
  const drops = Object.keys(files).filter((name) => name.endsWith('.conf'))
  const script = `set -eu\nsystemctl() { printf '%s' "$shown"; }\n${program}\nsurroundings "$@"`
  const output = execFileSync('sh', ['-c', script, 'sh', ...drops.map((name) => path.join(folder, name))], {
    env: { PATH: process.env['PATH'], shown: environment },
    encoding: 'utf8',
  })
  return output.split('\n').map((line) => line.replaceAll(`${folder}/`, '@'))
}

function parsed(files: Readonly<Record<string, string>>, environment?: string) {
  const lines = said(files, environment)
  return parseSurroundings((key) =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1)),
  )
}

test('drop-ins come whole, and of the files that they name what etcd reads', () => {
  const own = parsed({
    'a.conf': '[Service]\nEnvironmentFile=-@etcd env\nEnvironmentFile = @part.*.env \n',
    'etcd env': 'ETCD_NAME="a b"\nPASSWORD=secret\n',
    'part.1.env': 'ETCD_A=1\n',
    'part.2.env': 'ETCD_A=2\n',
  })
  expect(own?.dropIns.map(({ path: file }) => file)).toContain('@a.conf')
  const values = Object.values(own?.files ?? {})
  expect(values).toContainEqual({ ETCD_NAME: 'a b' })
  expect(values).toContainEqual({ ETCD_A: '2' })
  expect(JSON.stringify(own?.files)).not.toContain('secret')
})

test('of the environment of systemd what etcd reads', () => {
  expect(parsed({}, 'LANG=C\nETCD_X=1\nHTTPS_PROXY=http://proxy\n')?.ambient).toEqual({ ETCD_X: '1' })
})

test('a drop-in that is not a file, or never ends, is not waited for', () => {
  const lines = said({ 'a.conf': `[Service]\n${'#\n'.repeat(200_000)}` })
  const [, encoded = ''] = lines.find((line) => line.endsWith('@a.conf'))?.split(' ') ?? []
  expect(Buffer.from(encoded, 'base64').length).toBe(64 * 1024)
  expect(parseSurroundings((key) => (key === 'drop-in' ? [' /x.conf'] : []))?.dropIns).toEqual([
    { path: '/x.conf', text: '' },
  ])
})
