/** Runs programs of this workstation. */
import { QuorateError } from '../errors.ts'
import { type ProcessOptions, type ProcessResult, runProcess } from '../ssh/process.ts'

/**
 * Runs a program that must succeed. @returns its standard output
 *
 * @throws `lab` with the end of its output, if it fails or is not installed.
 */
export async function tool(
  argv: readonly [string, ...string[]],
  options: ProcessOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv, options)
  if (exitCode === 0) return stdout
  throw new QuorateError(
    'lab',
    `${argv[0]} failed with exit code ${exitCode}: ${lastLines(stderr || stdout)}`,
  )
}

/**
 * Runs a program to its end, whatever its exit code. It is found in `toolPath()`.
 *
 * @throws `lab` if it is not installed; the signal's reason when aborted.
 */
export async function run(argv: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  const [file = '', ...args] = argv
  const env = { ...(options.env ?? process.env), PATH: toolPath() }
  try {
    return await runProcess(file, args, { ...options, env })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new QuorateError('lab', `${file} is not installed on the workstation`, { cause: error })
  }
}

/** Where programs are searched. Debian leaves sbin out of some PATHs, even of root's. */
export function toolPath(): string {
  const usual = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']
  return [...new Set([...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...usual])].join(':')
}

/** The last lines of a text, for a message. */
export function lastLines(text: string, count = 8): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
