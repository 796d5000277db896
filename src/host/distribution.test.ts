/**
 * What the agent does on distributions other than Debian: in dash and bash, with programs that record their arguments.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import files from './agent/files.sh?raw'
import ground from './agent/ground.sh?raw'
import main from './agent/main.sh?raw'
import places from './places.sh?raw'
import packages from './agent/packages.sh?raw'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'quorate-distribution-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** A program with this name, first in PATH; it records its arguments. */
function program(name: string, body = ''): void {
  const text = `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"${folder}/calls"\n${body}\n`
  writeFileSync(path.join(folder, name), text, { mode: 0o755 })
}

function calls(): string[] {
  try {
    return readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

/** @param onPath whether PATH has other programs than those of the test */
function run(shell: string, text: string, words: readonly string[], onPath = true) {
  const PATH = onPath ? `${folder}:${process.env['PATH']}` : folder
  const stubs = 'set -eu\nfail() { printf "%s\\n" "$*" >&2; exit 1; }\n'
  const argv = ['-c', `${stubs}${text}`, 'quorate', ...words]
  const options = { argv0: 'sh', env: { PATH, place: folder }, encoding: 'utf8' } as const
  const result = spawnSync(`/bin/${shell}`, argv, options)
  expect(result.stderr).toBe('')
  return result
}

describe.each(['dash', 'bash'])('%s as sh', (shell) => {
  const HERE = `
    state=$place/state staging=$place heavy=no draft=
    chown() { :; }
    require_root() { :; }
    make_folder() { mkdir -p "$1"; }
    own() { :; }
    sync() { :; }
    check_fence() { :; }
  `

  test('a binary gets the label of its path before its times are recorded, files and directories get theirs', () => {
    program('restorecon', 'chmod 700 "$1"')
    writeFileSync(path.join(folder, 'content'), 'text')
    writeFileSync(path.join(folder, 'binary'), 'program')
    const text = `${places}${ground}${files}${HERE}
${main}
      [ "$(cut -d ' ' -f 1 "$state/binaries/etcd")" = "$(identity "$place/etcd")" ]`
    const words = [
      '5',
      'binary',
      'content=binary',
      `path=${folder}/etcd`,
      'sha256=00',
      'version=3.6.16',
      '6',
      'file',
      'content=content',
      `path=${folder}/etc/options.env`,
      'owner=root',
      'group=root',
      'mode=640',
      '5',
      'directory',
      `path=${folder}/data`,
      'owner=etcd',
      'group=etcd',
      'mode=700',
    ]
    expect(run(shell, text, words).status).toBe(0)
    expect(calls()).toEqual([
      `restorecon ${folder}/etcd`,
      `restorecon ${folder}/etc/options.env`,
      `restorecon ${folder}/data`,
    ])
  })

  test("if labels can't be set, or don't exist, everything continues", () => {
    writeFileSync(path.join(folder, 'binary'), 'program')
    const text = `${places}${ground}${files}${HERE}${main}`
    const words = ['5', 'binary', 'content=binary', `path=${folder}/etcd`, 'sha256=00', 'version=3.6.16']
    expect(run(shell, text, words).status).toBe(0)
    program('restorecon', 'echo denied >&2; exit 1')
    writeFileSync(path.join(folder, 'binary'), 'program')
    expect(run(shell, text, words).status).toBe(0)
    expect(calls()).toHaveLength(1)
  })

  test('packages elsewhere: by their programs, else by what the distribution says', () => {
    program('rpm', 'case $* in *--whatprovides\\ procps-ng) exit 0 ;; *) exit 1 ;; esac')
    program('dnf')
    for (const name of ['curl', 'ip', 'ssh', 'nft', 'conntrack']) program(name)
    const wanted = ['curl', 'iproute2', 'openssh-client', 'nftables', 'conntrack', 'procps-ng', 'jq']
    const { stdout } = run(shell, `${packages}installer; package_lines "$@"`, wanted, false)
    const lines = wanted.slice(0, 6).map((name) => `package ${name} installed`)
    expect(stdout.trim().split('\n')).toEqual(['dnf', ...lines])
    expect(calls()).toEqual(['rpm -q --quiet --whatprovides procps-ng', 'rpm -q --quiet --whatprovides jq'])
  })

  test('packages on Debian: as dpkg says; nowhere: nothing is claimed', () => {
    expect(run(shell, `${packages}installer; package_lines jq`, [], false).stdout).toBe('none\n')
    program('apt-get')
    program('dpkg-query', 'echo package curl installed')
    program('jq')
    const { stdout } = run(shell, `${packages}installer; package_lines curl jq`, [], false)
    expect(stdout).toBe('apt-get\npackage curl installed\n')
  })

  test.each([
    ['systemd 239 (239-82.el8)', false],
    ['systemd 241 (241)', false],
    ['systemd 242 (v242)', true],
    ['systemd 255.4-1 (255.4-1)', true],
    ['', true],
  ])('a sandbox asks for nothing that systemd-run does not know: %s', (version, knows) => {
    program('systemctl', `[ "$1" != --version ] || echo '${version}'`)
    program('systemd-run')
    const sed = spawnSync('/bin/sh', ['-c', 'command -v sed'], { encoding: 'utf8' }).stdout.trim()
    symlinkSync(sed, path.join(folder, 'sed'))
    const proc = 'if is_known ProtectProc; then echo yes; fi'
    const { stdout } = run(shell, `${ground}sandbox=x.service\n${proc}\nas_etcd /data "$@"`, ['true', 'a b'])
    expect(stdout).toBe(/systemd 24|systemd 23/.test(version) ? '' : 'yes\n')
    const [asked = ''] = calls().filter((line) => line.startsWith('systemd-run'))
    expect(asked.includes('RestrictSUIDSGID')).toBe(knows)
    expect(asked).toContain('NoNewPrivileges=yes')
    expect(asked).toMatch(/ -- .*true a b$/)
  })
})
