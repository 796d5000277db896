/** Lives of clusters with Kubernetes. `SIM_KUBERNETES_LIFE='{…}' vitest run --project sim test/sim/kubernetes -t handed` tells one. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyLife, live } from './life.ts'

const runs = Number(process.env['SIM_RUNS'] ?? 12)
const seed = Number(process.env['SIM_SEED'] ?? 20_261_130)

test(`${runs} lives of Kubernetes end in done, whatever goes wrong on their way`, async () => {
  const report = await fc.check(
    fc.asyncProperty(anyLife, async (life) => await live(life)),
    { numRuns: runs, seed, endOnFailure: process.env['SIM_SHRINK'] === undefined },
  )
  const told = JSON.stringify(report.counterexample?.[0])
  expect(report.failed, `${String(report.errorInstance)}\nSIM_KUBERNETES_LIFE='${told}'`).toBe(false)
})

const handed = process.env['SIM_KUBERNETES_LIFE']
test.runIf(handed !== undefined)('a life that is handed in', async () => {
  const lines: string[] = []
  const told = live(JSON.parse(handed ?? '{}'), undefined, (line) => lines.push(line))
  await expect(told.finally(() => process.stdout.write(`${lines.join('\n')}\n`))).resolves.toBeUndefined()
})
