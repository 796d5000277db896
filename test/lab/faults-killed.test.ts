/** quorate is killed at any moment: the next apply completes the work, and nothing of the killed run is left. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { startOver } from './support/fresh.ts'
import { leftovers, processesMentioning } from './support/no-trace.ts'
import { quorateOk } from './support/quorate.ts'
import { recordsOf } from './support/records.ts'
import { startQuorate } from './support/run.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

/** Steps done before each kill of the chain. */
const STRIDE = 4
/** More kills than a first apply has steps: a longer chain makes no progress. */
const TOO_MANY = 40

interface Event {
  readonly type?: string
  readonly step?: { readonly kind: string; readonly what: string }
  readonly changed?: boolean
}

describe.skipIf(whyNoLab())('an apply that is killed', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
  })
  afterAll(async () => await lab.down())
  beforeEach(async () => await startOver(lab))

  test('again and again, always a few steps further: each run continues from there until nothing is left', async () => {
    const kills: string[] = []
    let exitCode = 137
    while (exitCode === 137) {
      let done = 0
      exitCode = await applyUntil(({ type, step }) => {
        if (type !== 'step-done' || (done += 1) < STRIDE) return false
        kills.push(step?.kind ?? '')
        return true
      })
      expect(kills.length).toBeLessThan(TOO_MANY)
    }
    expect(exitCode).toBe(0)
    expect(kills.length).toBeGreaterThan(3)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test.each([1, 26])('after step %i of a first apply', async (steps) => {
    let done = 0
    expect(await applyUntil(({ type }) => type === 'step-done' && (done += 1) === steps)).toBe(137)
    // The killed run has left its record: started, and not ended.
    expect(await recordsOf(lab)).toMatchObject([{ verb: 'apply', until: null, error: null }])
    await quorateOk(lab, ['apply'])
    expect((await recordsOf(lab)).at(-1)).toMatchObject({
      verb: 'apply',
      until: expect.any(String) as string,
    })
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('while binaries travel', async () => {
    const machine = lab.machine('etcd02')
    const run = startQuorate(lab, ['apply', '--json'])
    // A program on the machine sees it sooner than one that is started there for each try.
    const seen = 'until test -s /var/lib/quorate/incoming.*/f0; do sleep 0.01; done'
    await machine.check(['timeout', '120', 'sh', '-c', seen])
    run.child.kill('SIGKILL')
    await run.ended
    await quorateOk(lab, ['apply'])
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('while the cluster is pinned', async () => {
    const exitCode = await applyUntil(
      ({ type, step }) => type === 'step-started' && step?.what === 'write /etc/etcd/cluster-id',
    )
    expect(exitCode).toBe(137)
    await quorateOk(lab, ['apply'])
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('by Ctrl-C: says so, leaves in order, and the next one finishes', async () => {
    let done = 0
    const run = startQuorate(lab, ['apply', '--json'], {
      onLine: (line, child) => {
        if (eventOf(line).type === 'step-done' && (done += 1) === 5) child.kill('SIGINT')
      },
    })
    const { exitCode, stdout, stderr } = await run.ended
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('stopping') })
    expect(stdout).toContain('"code":"cancelled"')
    // At once, and not only when the machines notice that the connection is gone.
    expect(await leftovers(lab.machines)).toEqual([])
    expect(await processesMentioning([lab.identityFile])).toEqual([])
    await quorateOk(lab, ['apply'])
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  /** Runs apply and kills it with SIGKILL at the event. Returns the exit code, 137 if it was killed. */
  async function applyUntil(moment: (event: Event) => boolean): Promise<number> {
    let killed = false
    const { ended } = startQuorate(lab, ['apply', '--json'], {
      onLine: (line, child) => {
        if (!killed && moment(eventOf(line))) killed = child.kill('SIGKILL')
      },
    })
    const { exitCode, stdout, stderr } = await ended
    if (!killed && exitCode !== 0) throw new Error(`apply failed by itself:\n${stdout.slice(-2000)}${stderr}`)
    return killed ? 137 : exitCode
  }
})

function eventOf(line: string): Event {
  return JSON.parse(line) as Event
}
