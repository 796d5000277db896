/** Whether a cluster is in order afterwards, whatever happened in between. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestLab } from '../harness.ts'
import { leftovers, processesMentioning, waitingKeys } from './no-trace.ts'
import { quorate } from './quorate.ts'
import { statusOf } from './status.ts'
import { NOTHING_TO_CHANGE } from './unchanged.ts'

const SOON_MS = 30_000

/** The result of `outcomeOf` if everything is as it should be. */
export const WHOLE = {
  healthyMembers: 3,
  problems: [],
  otherPins: [],
  secondApply: NOTHING_TO_CHANGE,
  leftovers: [],
}

/** Health, the members' cluster ID files against the cluster's ID, a second apply, and what earlier runs left. */
export async function outcomeOf(lab: TestLab): Promise<Record<string, unknown>> {
  const { report } = await statusOf(lab)
  const { healthyMembers, problems, id } = report.cluster
  const pins = await Promise.all(lab.machines.map((machine) => machine.readFile('/etc/etcd/cluster-id')))
  const otherPins = pins.filter((pin) => !pin.includes(`cluster-id=${id}\n`))
  const { stdout, stderr } = await quorate(lab, ['apply'])
  return { healthyMembers, problems, otherPins, secondApply: stdout + stderr, leftovers: await settled(lab) }
}

/** Programs need a moment to end after a hangup. */
async function settled(lab: TestLab): Promise<readonly string[]> {
  const deadline = performance.now() + SOON_MS
  for (;;) {
    const found = [
      ...(await leftovers(lab.machines)),
      ...(await waitingKeys(lab.machines)),
      ...(await processesMentioning([lab.identityFile])),
    ]
    if (found.length === 0 || performance.now() > deadline) return found
    await sleep(100)
  }
}
