/** Text from a node must not control the terminal of the operator. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { QuorateError, combineErrors } from '../errors.ts'
import type { RecoveryReport } from '../verbs/recover/report.ts'
import type { ListedBackup } from '../verbs/backup/list-backups.ts'
import type { StatusReport } from '../verbs/status/status.ts'
import type { VerifyReport } from '../verbs/backup/verify-backup.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { PreflightReport } from '../preflight/checks.ts'
import type { CliContext } from './context.ts'
import { renderPreview } from './maintenance.ts'
import { type Outlet, createOutlet } from './outlet.ts'
import { renderBackupList } from './render-backup-list.ts'
import { renderVerified } from './render-backup-verify.ts'
import { printError } from './render-error.ts'
import { renderPlan } from './render-plan.ts'
import { formatReport } from './render-preflight.ts'
import { progressRenderer } from './render-progress.ts'
import { renderRecovery } from './render-recover.ts'
import { renderRun } from './render-run.ts'
import { renderStatus } from './render-status.ts'
import { renderTable } from './table.ts'

/** Characters that a terminal executes or hides. */
const ACTS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u
const OURS = new RegExp(String.raw`\u001B\[(1|2|22|31|32|33|36|39)m`, 'g')

const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u001B[2J',
        '\u001B]52;c;eA==\u0007',
        '\u009B31m',
        '\u202E',
        '\u2028',
        '\r',
        '\n',
        '\b',
        '\u0000',
        '\uE0FF0123456789abcdef;31\uE0FF',
        '\uD800',
        '\u200B',
        '\u{E0041}',
        'error: all nodes',
        "'; reboot '",
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

function terminal({ json = false, colors = true, isTTY = true } = {}) {
  const written = { out: '', err: '' }
  const sink = (name: 'out' | 'err') => ({
    isTTY,
    once: () => undefined,
    write: (data: string | Uint8Array) => {
      written[name] += typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
      return true
    },
  })
  return { written, outlet: createOutlet({ stdout: sink('out'), stderr: sink('err'), json, colors }) }
}

function harmless(text: string): string {
  const plain = text.replaceAll(OURS, '').replaceAll(/[\n\t]/g, '')
  expect(plain).not.toMatch(ACTS)
  return text
}

test('no text acts on a terminal, and nothing of it is lost without a mark', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const { written, outlet } = terminal()
      outlet.err(outlet.colors.red(text))
      outlet.out(text)
      expect(harmless(written.err).length).toBeGreaterThanOrEqual(text.length)
      harmless(written.out)
    }),
  )
})

test("quorate's own colors are kept, also nested; a machine can't add colors", () => {
  const { written, outlet } = terminal()
  const { red, bold } = outlet.colors
  outlet.err(red(`a${red('b')}${bold('c')}d\u001B[32m`))
  expect(written.err).toBe(
    '\u001B[31ma\u001B[31mb\u001B[39m\u001B[31m\u001B[1mc\u001B[22md\\x1b[32m\u001B[39m',
  )
})

test('the marks of another run have no effect', () => {
  const [here, elsewhere] = [terminal(), terminal()]
  here.outlet.err(elsewhere.outlet.colors.red('x'))
  harmless(here.written.err)
  expect(here.written.err).not.toContain('\u001B')
})

test('a line that is too long is cut, and says so', () => {
  const { written, outlet } = terminal()
  outlet.err(outlet.colors.red('x'.repeat(100_000)))
  expect(written.err.length).toBeLessThan(5_000)
  expect(written.err).toMatch(/… \(96000 more characters\)$/)
})

test('JSON stays what it was, with no character that acts', () => {
  fc.assert(
    fc.property(fc.record({ text: hostileText, list: fc.array(hostileText) }), (value) => {
      const { written, outlet } = terminal({ json: true })
      outlet.out(`${JSON.stringify(value, null, 2)}\n`)
      harmless(written.out)
      expect(JSON.parse(written.out)).toEqual(value)
    }),
  )
})

test('what a program prints is exact where there is no terminal, and harmless where there is one', async () => {
  const bytes = Buffer.from('\u001B[31mhöre\u009B\n')
  const pipe = terminal({ isTTY: false })
  await pipe.outlet.bytes.out(bytes)
  pipe.outlet.passThrough('\u001B[31m')
  expect(Buffer.from(pipe.written.out, 'latin1')).toEqual(Buffer.concat([bytes, Buffer.from('\u001B[31m')]))
  const screen = terminal()
  // Cut within a character.
  for (const byte of bytes) await screen.outlet.bytes.out(Uint8Array.of(byte))
  screen.outlet.passThrough('\u001B[31m')
  harmless(screen.written.out)
  expect(screen.written.out).toBe('\\x1b[31mhöre\\x9b\n\\x1b[31m')
})

/** Everything that can print text from a node, etcd or a bundle; each is tested with this text. */
const RENDERED: Readonly<Record<string, (outlet: Outlet, text: string) => void>> = {
  status: ({ out, colors }, text) => out(renderStatus(status(text), colors, new Date(0))),
  plan: ({ out, colors }, text) =>
    out(
      renderPlan({ waves: [[step(text)]], blocked: [{ host: 'etcd01', message: text, hint: text }] }, colors),
    ),
  preflight: ({ out }, text) => out(formatReport(preflight(text), { verbose: true })),
  recovery: ({ out, colors }, text) => out(renderRecovery(recovery(text), colors)),
  preview: ({ err, colors }, text) =>
    err(renderPreview({ steps: [step(text)], risks: [text] } as never, colors)),
  table: ({ out, colors }, text) =>
    out(renderTable([[colors.dim('NAME')], [text, text], ['x', colors.red(text)]])),
  verified: ({ out, colors }, text) => out(renderVerified(verified(text), colors)),
  backups: ({ out, colors }, text) =>
    out(renderBackupList([listed(text)], { colors, now: () => new Date(0) })),
  question: ({ forPrompt, err }, text) => err(`${forPrompt(text)}\n`),
  progress: (outlet, text) => {
    const shown = progressRenderer({
      ...outlet,
      json: false,
      live: false,
      columns: 80,
    } as CliContext)
    shown.emit({ type: 'note', host: 'etcd01', text })
    shown.emit({ type: 'warning', text })
    shown.emit({ type: 'step-failed', step: step(text), message: text })
    shown.stop()
  },
}

test.each(Object.entries(RENDERED))('%s: no text makes a line of its own, and none acts', (_name, print) => {
  const lines = (text: string) => {
    const { written, outlet } = terminal()
    print(outlet, text)
    return harmless(written.out + written.err).split('\n').length
  }
  const usual = lines('x')
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(lines(`x${text}`)).toBe(usual)
    }),
    { numRuns: 50 },
  )
})

test('further lines of an error are indented: none looks like another error, or a host', () => {
  const forged = 'oops\nerror: etcd02: all data is lost\n  fix: reboot'
  const { written, outlet } = terminal({ colors: false })
  const errors = ['etcd01', 'etcd02'].map((host) => new QuorateError('command', forged, { host }))
  for (const error of [errors[0], combineErrors(errors)])
    printError({ ...outlet, verbose: true }, error ?? new QuorateError('command', ''))
  const flush = written.err.split('\n').filter((line) => /^\S/.test(line))
  expect(flush).toEqual(['error: etcd01: oops', 'error: etcd01: oops'])
  expect(written.err.split('\n').filter((line) => /^ {7}\S/.test(line))).not.toContain(
    '       etcd02: all data is lost',
  )
})

test("a prompt is painted, so that a machine's output can't pass for one", () => {
  const { written, outlet } = terminal()
  const forged = 'root@etcd02:~$ rm -rf /\n'
  const result = { host: 'etcd01', user: 'root', exitCode: 0, stdout: forged, stderr: '', durationMs: 1 }
  outlet.passThrough(renderRun(result, ['id'], outlet.colors))
  expect(written.out).toBe(`\u001B[1mroot@etcd01:~$ id\u001B[22m\n${forged}`)
})

test('a file of a machine that has nothing of the wanted one is neither compared for long nor shown whole', () => {
  const { colors } = terminal().outlet
  const before = Array.from({ length: 20_000 }, (_, line) => `${line}\n`).join('')
  const file = {
    ...step('write'),
    kind: 'file',
    before,
    content: 'ETCD_NAME=etcd01\n',
    owner: 'root',
    group: 'root',
  }
  const text = renderPlan({ waves: [[file as unknown as AnyStep]], blocked: [] }, colors)
  expect(text.split('\n').length).toBeLessThan(250)
})

function step(text: string): AnyStep {
  return { kind: 'reload', host: 'etcd01', what: text, why: text, danger: 'none' }
}

function status(text: string): StatusReport {
  const member = { name: text, id: text, healthy: false, learner: false, leader: false, version: text }
  const figures = {
    dbSizeBytes: null,
    raftTerm: null,
    raftIndex: null,
    alarms: [text],
    certificateDaysLeft: null,
  }
  return {
    cluster: {
      name: 'prod',
      id: text,
      healthy: false,
      health: 'unhealthy',
      quorum: 2,
      healthyMembers: 0,
      unknownMembers: 0,
      leader: null,
      problems: [text],
      problemDetails: [{ kind: 'leader', member: text, message: text, code: null, hint: text }],
      version: null,
      downgrade: null,
      versionTrouble: null,
      caExchange: false,
      notes: [text],
      noteDetails: [{ id: 'left-behind', host: text, message: text }],
    },
    members: [{ ...member, ...figures } as unknown as StatusReport['members'][number]],
    backups: null,
    tiers: [],
  }
}

function verified(text: string): VerifyReport {
  const checks = [{ what: 'keys', recorded: text, found: text, outcome: 'different', why: text }]
  return {
    name: 'prod',
    sizeBytes: 1,
    about: { member: text, etcdVersion: text },
    proof: { sizeBytes: 1, status: { revision: 1 } },
    drill: { etcdVersion: '3.5.16', checks },
    notes: [text],
  } as unknown as VerifyReport
}

function listed(text: string): ListedBackup {
  const about = { member: text, etcdVersion: text }
  const side = { about, caKey: false, recipients: [] }
  return { name: text, takenAt: new Date(0), sizeBytes: 1, side, troubles: [text] } as unknown as ListedBackup
}

function preflight(text: string): PreflightReport {
  const check = { host: 'etcd01', id: 'system', title: 'System', found: text, wanted: text, remedy: text }
  return { checks: [{ ...check, result: 'failure' }] } as unknown as PreflightReport
}

function recovery(text: string): RecoveryReport {
  const member = { name: 'etcd01', state: 'data', unit: text, problem: text, log: null, databaseBytes: null }
  return {
    cluster: 'prod',
    kind: 'lost',
    voters: 3,
    quorum: 2,
    best: null,
    complete: false,
    members: [member],
    certain: [text],
    mayBeLost: [text],
    unknown: [text],
    choices: [{ kind: 'wait', text, command: null }],
  } as unknown as RecoveryReport
}

test('a result on the terminal where lines move is printed in their place, and is not erased with them', () => {
  let screen = ''
  const sink = { isTTY: true, write: (text: string) => ((screen += text), true), once: () => undefined }
  const outlet = createOutlet({ stdout: sink, stderr: sink, json: false, colors: false })
  outlet.draw(['inspecting 3 nodes', 'etcd01: start'])
  outlet.out('nothing to change\n')
  outlet.draw([])
  expect(screen).toBe('inspecting 3 nodes\netcd01: start\n\u001B[2A\u001B[0Jnothing to change\n')
})
