/** An interrupted run leaves markers on the nodes, and the next run continues from them. */
import { describe, expect, test } from 'vitest'
import { parseHostState } from '../../host/observe.ts'
import type { Survey } from './survey.ts'
import { type RecoveryProgress, progressOf, renderProgress, requireBorneOut } from './progress.ts'

const started: RecoveryProgress = {
  survivor: 'etcd02',
  lost: ['etcd01', 'etcd03'],
  suffix: 'before-recover-20260730T101112Z',
  token: 'sample-0011223344556677',
  bump: 1_000_000_000,
  reached: 'fenced',
  former: 'cdf818194e3a8c32',
  made: undefined,
}

const made = {
  clusterId: '4d',
  revision: 812,
  keys: 40,
  hash: { hash: 99, compactRevision: -1, revision: 812 },
}

function marksOf(texts: Readonly<Record<string, string>>) {
  const underway = Object.entries(texts).flatMap(([name, text]) => {
    const lines = text.trimEnd().split('\n')
    const mark = parseHostState(
      name,
      false,
      lines.map((line) => `underway ${line}`),
    ).underway
    return mark === undefined ? [] : [[name, mark] as const]
  })
  return { underway: Object.fromEntries(underway) }
}

test('a mark says all that is needed, and what to type', () => {
  for (const progress of [
    started,
    { ...started, reached: 'copied', made } as const,
    { ...started, former: undefined },
  ]) {
    const marks = marksOf({ etcd02: renderProgress(progress) })
    expect(progressOf(marks)).toEqual(progress)
    expect(marks.underway['etcd02']?.command).toBe(
      'quorate recover --from-survivor etcd02 --lost etcd01 etcd03',
    )
  }
})

test('the surviving member knows best how far it got; any marker says that something was started', () => {
  const [early, late] = [renderProgress(started), renderProgress({ ...started, reached: 'placed', made })]
  expect(progressOf(marksOf({ etcd04: early, etcd02: late }))?.reached).toBe('placed')
  expect(progressOf(marksOf({ etcd04: early }))?.reached).toBe('fenced')
  expect(progressOf({ underway: {} })).toBeUndefined()
  expect(progressOf(marksOf({ etcd04: 'verb=restore\ncommand=quorate restore x\n' }))).toBeUndefined()
})

test("on another machine than the surviving member's, only the start counts", () => {
  const forged = renderProgress({ ...started, reached: 'serving', made })
  expect(progressOf(marksOf({ etcd04: forged }))).toEqual(started)
})

const hostWith = (text?: string) =>
  parseHostState(
    'x',
    false,
    (text?.trimEnd().split('\n') ?? []).map((line) => `underway ${line}`),
  )

const survey = (
  kind: Survey['outlook']['kind'],
  marks: Readonly<Record<string, string | undefined>>,
): Pick<Survey, 'outlook' | 'members'> => {
  const members = Object.entries(marks).map(([name, text]) => ({ name, host: hostWith(text) }))
  return { outlook: { kind }, members } as unknown as Pick<Survey, 'outlook' | 'members'>
}

describe('what one machine claims', () => {
  const serving: RecoveryProgress = { ...started, lost: [], reached: 'serving', made }
  const mark = renderProgress(started)

  test('does not begin a recovery of a cluster that serves', () => {
    const marks = { etcd02: mark, etcd01: undefined, etcd03: undefined }
    expect(() => requireBorneOut(survey('serving', marks), started)).toFail('blocked/other-nodes-contradict')
    expect(() => requireBorneOut(survey('lost', marks), started)).not.toThrow()
  })

  test('names the node that has it, and what removes the rest of an abandoned recovery', () => {
    const marks = { etcd02: undefined, etcd01: undefined, etcd03: mark }
    expect(() => requireBorneOut(survey('serving', marks), started)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('etcd03: ') as string,
        hint: expect.stringContaining('quorate recover --abandon') as string,
      }),
    )
  })

  test('moves the data of no member that was never marked, whatever the milestone it names', () => {
    const alone = { etcd02: mark, etcd01: undefined, etcd03: mark }
    expect(() => requireBorneOut(survey('lost', alone), serving)).toFail('blocked/other-nodes-contradict')
    const other = { ...alone, etcd01: mark.replace(started.token, 'sample-another') }
    expect(() => requireBorneOut(survey('lost', other), serving)).toFail('blocked/other-nodes-contradict')
    expect(() => requireBorneOut(survey('serving', { ...alone, etcd01: mark }), serving)).not.toThrow()
    // A node declared lost never had a marker; at the end the markers are removed one by one.
    expect(() => requireBorneOut(survey('lost', alone), { ...serving, lost: ['etcd01'] })).not.toThrow()
    expect(() => requireBorneOut(survey('serving', alone), { ...serving, reached: 'cleared' })).not.toThrow()
  })
})

test('a mark that was changed by hand is not guessed at', () => {
  const damaged = renderProgress(started).replace(/^stage=.*$/m, 'stage=nearly')
  expect(() => progressOf(marksOf({ etcd02: damaged }))).toFail('state/damaged-recovery-marker', {
    host: 'etcd02',
  })
})

test.each([
  ['survivor', 'etcd02; reboot'],
  ['lost', 'etcd01 $(reboot)'],
  ['suffix', 'x/../../etc/cron.d/y'],
  ['suffix', 'recover-copy'],
  ['token', '/../x'],
  ['bump', '-1'],
  ['former', 'x y'],
])('a forged mark that would choose a path or a command of its own is refused: %s', (key, value) => {
  const forged = renderProgress(started).replace(new RegExp(`^${key}=.*$`, 'm'), () => `${key}=${value}`)
  expect(forged).toContain(value)
  expect(() => progressOf(marksOf({ etcd02: forged }))).toFail('state/damaged-recovery-marker', {
    host: 'etcd02',
  })
})

test('a marker whose figures are not JSON is damaged, and not a bug', () => {
  const text = `${renderProgress(started)}made={"clusterId":\n`
  expect(() => progressOf(marksOf({ etcd02: text }))).toFail('state/damaged-recovery-marker', {
    host: 'etcd02',
  })
})
