import { expect, test } from 'vitest'
import {
  type LockReading,
  holderText,
  judgeLock,
  parseHolder,
  readHeld,
  observationOf,
} from './lock-reading.ts'

const ID = 'a'.repeat(64)
const BOOT = '982b598a-61a7-4b72-9fc7-4b11e76686c3'
const OTHER_BOOT = '00000000-61a7-4b72-9fc7-4b11e76686c3'
const WHO = 'root@desk (apply) since 2026-01-02T03:04:05.678Z'

function read(beat: string, { uptime = 1_000, clock = 5_000, who = WHO, id = ID } = {}): LockReading {
  const reading = readHeld(`held ${id} ${beat} ${BOOT} ${uptime} ${clock} ${who}\n`, 'etcd01')
  if (reading === undefined) throw new Error(`not understood: ${beat}`)
  return reading
}

/** The verdict on a lock that is read once. */
function judged(reading: LockReading) {
  return judgeLock(observationOf(reading, undefined, 0), 0)
}

test('a beat of this boot counts by the uptime alone, wherever the wall clock stands', () => {
  for (const clock of [0, 5_000, 9_000_000]) {
    expect(judged(read(`${BOOT}:000000000970:5000`, { clock }))).toEqual({
      state: 'beats',
      silentSeconds: 30,
    })
    expect(judged(read(`${BOOT}:000000000969:5000`, { clock }))).toEqual({
      state: 'gone',
      silentSeconds: 31,
      rebooted: false,
    })
  }
})

test('a beat of another boot is of a holder that is gone, whatever the numbers', () => {
  for (const uptime of ['000000000999', '000000000000', '000099999999']) {
    expect(judged(read(`${OTHER_BOOT}:${uptime}:5000`))).toMatchObject({ state: 'gone', rebooted: true })
  }
})

test('a beat ahead of the uptime is watched, and gone when it has not moved for as long as a holder may be silent', () => {
  const ahead = read(`${BOOT}:000000090000:5000`)
  const first = observationOf(ahead, undefined, 0)
  expect(judgeLock(first, 0)).toEqual({ state: 'unsure', ahead: true })
  const second = observationOf(ahead, first, 30_000)
  expect(judgeLock(second, 30_000)).toMatchObject({ state: 'unsure' })
  expect(judgeLock(observationOf(ahead, second, 30_001), 30_001)).toEqual({
    state: 'gone',
    silentSeconds: 30,
    rebooted: false,
  })
})

test.each(['5000', '999999999', '1'])(
  'an earlier version’s beat, at %s by a clock that proves nothing: watched, alive when it moves, gone when it does not',
  (mtime) => {
    const reading = read(`:${mtime}`)
    const first = observationOf(reading, undefined, 0)
    expect(judgeLock(first, 0)).toEqual({ state: 'unsure', ahead: false })
    expect(judgeLock(observationOf(reading, first, 31_000), 31_000)).toMatchObject({ state: 'gone' })
    const moved = observationOf(read(`:${Number(mtime) + 5}`), first, 5_000)
    expect(judgeLock(moved, 6_000)).toEqual({ state: 'beats', silentSeconds: 1 })
    expect(judgeLock(observationOf(moved.reading, moved, 36_000), 36_000)).toMatchObject({ state: 'gone' })
  },
)

test.each([
  ':5000',
  'dead-beef:5000',
  `${BOOT}:5000`,
  `${BOOT}::5000`,
  `${BOOT}:${'9'.repeat(30)}:5000`,
  `:`,
])('what a beat must not be is one that only watching can judge: %s', (beat) =>
  expect(judged(read(beat))).toMatchObject({ state: 'unsure', ahead: false }),
)

test('another lock in its place is watched from the beginning', () => {
  const first = observationOf(read(':5000'), undefined, 0)
  const next = observationOf(read(':5000', { id: 'b'.repeat(64) }), first, 31_000)
  expect(judgeLock(next, 31_000)).toMatchObject({ state: 'unsure' })
})

test('an invalid answer about a lock counts as none', () => {
  const lines = [
    '',
    'locked',
    'held',
    `held ${ID}`,
    `held x :1 ${BOOT} 1 1 me`,
    `held ${ID} $(id):1 ${BOOT} 1 1 me`,
  ]
  for (const line of lines) expect(readHeld(line, 'etcd01')).toBeUndefined()
})

test('a holder is shown on one plain line, however long and colored its description is', () => {
  const { who } = read(':1', { who: `\u001B[2J\u202Eevil\u0007 ${'x'.repeat(9_999)}` })
  expect(who).toMatch(/^\?\[2J\?evil\? x+$/)
  expect(who.length).toBe(200)
})

test("a holder's parts are read only from descriptions in quorate's format", () => {
  const text = holderText('root', 'desk', 'backup schedule', new Date('2026-01-02T03:04:05.678Z'))
  expect(parseHolder(text)).toEqual({
    user: 'root',
    from: 'desk',
    command: 'backup schedule',
    since: '2026-01-02T03:04:05.678Z',
  })
  for (const other of [
    '',
    'root',
    `${text}; rm -rf /`,
    text.replace('backup', 'Backup;'),
    text.replace('Z', ''),
  ]) {
    expect(parseHolder(other)).toBeUndefined()
  }
})
