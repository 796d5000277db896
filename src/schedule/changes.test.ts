import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  type ScheduleChange,
  type WantedSchedule,
  installChanges,
  removeChanges,
  sameChanges,
} from './changes.ts'
import { isThere, parseLook } from './look.ts'
import { PLACES } from './places.ts'

const CONFIG = 'what a run has to know\n'
const sum = createHash('sha256').update(CONFIG).digest('hex')
const file = (path: string, owner: string, mode: string, sha256: string) =>
  `file ${owner} ${mode} ${sha256} ${path}\n`
const encoded = (text: string) => Buffer.from(text).toString('base64')

const WANTED: WantedSchedule = {
  files: [
    {
      path: PLACES.config,
      what: 'settings',
      text: CONFIG,
      owner: 'root',
      group: 'quorate-backup',
      mode: '640',
    },
  ],
  programSha256: 'aa',
  programBytes: 130_000_000,
  tool: { name: 'etcdutl', sha256: 'bb' },
  certificate: undefined,
  signingKey: undefined,
  allowSigner: undefined,
  caKey: false,
  kubernetesKeys: false,
  unwanted: [PLACES.storeCredentials],
  exporter: '/var/lib/prometheus/node-exporter',
}

const WHOLE = `machine x86_64
user
${file(PLACES.program, 'root:root', '755', 'aa')}${file(PLACES.tool, 'root:root', '755', 'bb')}${file(PLACES.config, 'root:quorate-backup', '640', sum)}config ${encoded(CONFIG)}
ssh-keygen
signing ssh-ed25519 AAAAC3Nz root@service01
systemd 252
exporter ${PLACES.metrics}
unit quorate-backup.timer LoadState=loaded
unit quorate-backup.timer ActiveState=active
unit quorate-backup.timer UnitFileState=enabled
unit quorate-backup.service LoadState=loaded
unit quorate-backup.service ActiveState=inactive
unit quorate-backup.service Result=exit-code
next 1795320000
elapse 1795320000
elapse 1795323600
elapse 1795330800
`
const BARE = `machine x86_64
unit quorate-backup.timer LoadState=not-found
unit quorate-backup.timer ActiveState=inactive
unit quorate-backup.service LoadState=not-found
`

function kinds(text: string, wanted: Partial<WantedSchedule> = {}): readonly string[] {
  return installChanges(parseLook('service01', text), { ...WANTED, ...wanted }).map(({ kind }) => kind)
}

function amiss(from: string, to: string): readonly string[] {
  expect(WHOLE).toContain(from)
  return kinds(WHOLE.replace(from, to))
}

test('what a machine says is read', () => {
  const there = parseLook('service01', WHOLE)
  expect(there).toMatchObject({
    machine: 'x86_64',
    user: true,
    config: CONFIG,
    signingKey: 'ssh-ed25519 AAAAC3Nz',
    sshKeygen: true,
    systemd: 252,
    timer: { exists: true, active: 'active', enabled: true },
    service: { active: 'inactive', result: 'exit-code' },
    next: new Date('2026-11-22T04:00:00Z'),
    // The longest gap: it must not be overdue before that has passed.
    periodSeconds: 7200,
  })
  expect(isThere(there)).toBe(true)
  expect(isThere(parseLook('service01', BARE))).toBe(false)
})

test('a bare machine gets everything, one that has it nothing', () => {
  expect(kinds(WHOLE)).toEqual([])
  expect(kinds(BARE, { certificate: 'none', signingKey: 'none', caKey: true })).toEqual([
    'user',
    'program',
    'tool',
    'certificate',
    'signing-key',
    'ca-key',
    'file',
    'timer',
  ])
})

test("Kubernetes' keys are sent where they are wanted, and nowhere else", () => {
  expect(kinds(WHOLE, { kubernetesKeys: true })).toEqual(['kubernetes-keys'])
})

test('whatever is amiss is put right, and nothing else', () => {
  expect(amiss(' 755 aa ', ' 755 a0 ')).toEqual(['program'])
  expect(amiss(' 755 aa ', ' 777 aa ')).toEqual(['program'])
  expect(amiss(' 755 bb ', ' 755 b0 ')).toEqual(['tool'])
  expect(amiss(sum, 'cc')).toEqual(['file'])
  expect(amiss('root:quorate-backup 640', 'root:root 640')).toEqual(['file'])
  expect(amiss('root:quorate-backup 640', 'root:quorate-backup 644')).toEqual(['file'])
  expect(amiss(`exporter ${PLACES.metrics}`, 'exporter ')).toEqual(['metrics'])
  expect(amiss(`exporter ${PLACES.metrics}\n`, '')).toEqual([])
  expect(amiss('UnitFileState=enabled', 'UnitFileState=disabled')).toEqual(['timer'])
  expect(amiss('ActiveState=active', 'ActiveState=inactive')).toEqual(['timer'])
})

test('a secret that nothing needs any more goes', () => {
  const more = file(PLACES.storeCredentials, 'quorate-backup:quorate-backup', '600', 'dd')
  expect(kinds(WHOLE + more)).toEqual(['drop'])
  expect(kinds(WHOLE + more, { unwanted: [] })).toEqual([])
})

test('what is left of one, whole or in part, is removed', () => {
  expect(removeChanges(parseLook('service01', BARE), 'as asked')).toEqual([])
  expect(removeChanges(parseLook('service01', WHOLE), 'as asked')).toHaveLength(1)
  expect(removeChanges(parseLook('service01', `${BARE}user\n`), 'as asked')).toHaveLength(1)
})

test('shown changes are compared by their effect on each machine, and not by their texts', () => {
  const wanted = { ...WANTED, allowSigner: 'SHA256:one', certificate: 'none' }
  const changes = (look: string, own: Partial<WantedSchedule> = {}): readonly ScheduleChange[] =>
    installChanges(parseLook('service01', look), { ...wanted, ...own })
  const shown = changes(BARE)
  expect(sameChanges(shown, changes(BARE, { certificate: 'it expires', programBytes: 1 }))).toBe(true)
  const reworded = shown.map((change) => ({ ...change, what: 'do it', why: 'as asked' }))
  expect(sameChanges(shown, reworded)).toBe(true)
  const files = WANTED.files.map((one) => ({ ...one, text: 'another' }))
  expect(sameChanges(shown, changes(BARE, { files }))).toBe(false)
  expect(sameChanges(shown, changes(BARE, { allowSigner: 'SHA256:two' }))).toBe(false)
  expect(sameChanges(shown, changes(`${BARE}user\n`))).toBe(false)
  expect(
    sameChanges(
      shown,
      shown.map((change) => ({ ...change, host: 'service02' })),
    ),
  ).toBe(false)
})

test('the look is a program that a POSIX shell reads', () => {
  expect(spawnSync('sh', ['-n', `${import.meta.dirname}/look.sh`], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})
