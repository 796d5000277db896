/**
 * quorate is killed right before and right after every step of a rolling restart: the next run continues, without
 * client-visible impact.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRecorder } from '../../src/recorder/recorder.ts'
import { allMembers } from '../../src/tiers/etcd/session.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { OPERATION_MS } from './support/etcd-client.ts'
import { eventOf } from './support/events.ts'
import { sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { startQuorate } from './support/run.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
/** More kills than a rolling restart has steps: a longer chain makes no progress. */
const TOO_MANY = 40

describe.skipIf(whyNoLab())('a rolling restart that is killed', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
  })
  afterAll(async () => await lab.down())

  test('before and after each step, one kill a run: nothing is lost, no member is restarted again for nothing', async () => {
    const etcd = { ...LAB_ETCD, settings: { 'max-txn-ops': 256 } }
    await lab.writeCluster({ etcd })
    await using session = await sessionOf(lab)
    const clients = await allMembers(session)
    const recorder = await startRecorder({ clients: () => clients, operationMs: OPERATION_MS })
    const killedAt = new Set<string>()
    const restarted: string[] = []
    let exitCode: number
    do {
      let killed = false
      const { ended } = startQuorate(lab, ['apply', '--yes', '--no-probe', '--json'], {
        onLine: (line, child) => {
          const { type, step } = eventOf(line)
          if (step?.kind === 'restart' && type === 'step-done') restarted.push(step.host ?? '')
          const moment = `${type} ${step?.kind} ${step?.host ?? ''}`
          if (killed || step === undefined || !/^step-(started|done)$/.test(type ?? '')) return
          // First of all: later it may arrive together with the end of the previous step, whose kill covers it.
          if (killedAt.size === 0 && !moment.startsWith('step-started restart')) return
          if (killedAt.has(moment)) return
          killedAt.add(moment)
          killed = child.kill('SIGKILL')
        },
      })
      const result = await ended
      exitCode = killed ? 137 : result.exitCode
      if (!killed && exitCode !== 0) throw new Error(`apply failed by itself:\n${result.stdout.slice(-2000)}`)
      expect(killedAt.size).toBeLessThan(TOO_MANY)
    } while (exitCode === 137)

    const report = await recorder.stop()
    expect(report).toMatchObject({
      lostWrites: 0,
      revisionsBackwards: 0,
      verified: true,
      writes: { failed: 0 },
      reads: { failed: 0, stale: 0 },
      watch: { missing: 0, duplicates: 0 },
    })
    expect(await outcomeOf(lab)).toEqual(WHOLE)
    const kinds = [...killedAt].join()
    for (const kind of ['step-started compare', 'step-started file', 'step-started restart', 'move-leader'])
      expect(kinds).toContain(kind)
    // Each is seen to complete at most once; one whose end was not seen was completed as well.
    expect(restarted.toSorted()).toEqual([...new Set(restarted)].toSorted())
    for (const name of MEMBERS) {
      const pid = await lab.machine(name).mainPid('etcd')
      expect(await lab.machine(name).check(['cat', `/proc/${pid}/environ`])).toContain('ETCD_MAX_TXN_OPS=256')
    }
  })
})
