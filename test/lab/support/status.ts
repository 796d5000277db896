/** The cluster's health, as `quorate status --json` reports it. */
import type { StatusReport } from '../../../src/verbs/status/status.ts'
import type { TestLab } from '../harness.ts'
import { quorate } from './quorate.ts'

export async function statusOf(
  lab: Pick<TestLab, 'clusterFile'>,
): Promise<{ readonly exitCode: number; readonly report: StatusReport }> {
  const { stdout, exitCode } = await quorate(lab, ['status', '--json'])
  return { exitCode, report: JSON.parse(stdout) as StatusReport }
}
