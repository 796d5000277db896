/** The built quorate, as users run it. Not in a new process (see `run.ts` for that), but in a warm one. */
import type { ChildProcess } from 'node:child_process'
import type { ProcessResult } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { checkOutput } from './output-schema.ts'
import { PROGRAM } from './run.ts'
import { warm } from './warm.ts'

const program = warm(PROGRAM)

export interface QuorateOptions {
  /** Additional environment variables. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Called with every line of standard output as it comes, and the process, which may be signaled. */
  readonly onLine?: ((line: string, child: ChildProcess) => void) | undefined
}

/** A non-zero exit code is a result; see `quorateOk`. */
export async function quorate(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  { env, onLine }: QuorateOptions = {},
): Promise<ProcessResult> {
  const words = ['-f', lab.clusterFile, ...args]
  return checked(words, await program(words, { env: { ...process.env, ...env }, onLine }))
}

/** As `quorate`, for commands that must succeed: returns standard output. */
export async function quorateOk(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  options: QuorateOptions = {},
): Promise<string> {
  const { stdout, stderr, exitCode } = await quorate(lab, args, options)
  if (exitCode === 0) return stdout
  throw new Error(`quorate ${args.join(' ')} ended with exit code ${exitCode}:\n${stdout}${stderr}`)
}

/** Runs exactly these arguments in this directory, with the cluster file that quorate finds in it. */
export async function quorateIn(folder: string, args: readonly string[]): Promise<ProcessResult> {
  return checked(args, await program(args, { env: process.env, cwd: folder }))
}

function checked(args: readonly string[], result: ProcessResult): ProcessResult {
  checkOutput(args, result.stdout)
  return result
}
