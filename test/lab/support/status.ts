/** The cluster's health, as `quorate status --json` tells it. */
import type { StatusReport } from '../../../src/operations/status.ts'
import type { TestLab } from '../harness.ts'
import { startQuorate } from './run.ts'

export async function statusOf(
  lab: Pick<TestLab, 'clusterFile'>,
): Promise<{ readonly exitCode: number; readonly report: StatusReport }> {
  const { stdout, exitCode } = await startQuorate(lab, ['status', '--json']).ended
  return { exitCode, report: JSON.parse(stdout) as StatusReport }
}
