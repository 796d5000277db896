/** quorate as a user runs it: the built program, in a process of its own. */
import type { ProcessResult } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { type QuorateOptions, startQuorate } from './run.ts'

/** A non-zero exit code is a result; see `quorateOk`. */
export async function quorate(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  options: QuorateOptions = {},
): Promise<ProcessResult> {
  return await startQuorate(lab, args, options).ended
}

/** As `quorate`, for what must succeed: gives its standard output. */
export async function quorateOk(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  options: QuorateOptions = {},
): Promise<string> {
  const { stdout, stderr, exitCode } = await quorate(lab, args, options)
  if (exitCode === 0) return stdout
  throw new Error(`quorate ${args.join(' ')} ended with exit code ${exitCode}:\n${stdout}${stderr}`)
}
