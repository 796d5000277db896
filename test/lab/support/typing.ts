/** Commands as the pages show them, typed where a reader would: in the cluster's directory, or on a machine. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from '../../../src/lab/tool.ts'
import type { ProcessResult } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { quorateIn } from './quorate.ts'
import { PROGRAM } from './run.ts'
import type { Typed } from './typed.ts'

/** The output, if the exit code is not the expected one. */
export async function typeIn(lab: TestLab, typed: Typed): Promise<string | undefined> {
  await typed.before?.(lab)
  const line = typed.as ?? typed.shown
  const result =
    typed.on === undefined
      ? await type(lab.folder, line)
      : await lab.machine(typed.on).exec(['sh', '-c', line])
  return surprise(result, typed.exitCode)
}

/** The output, if the exit code is not this one. */
export function surprise({ exitCode, stdout, stderr }: ProcessResult, wanted = 0): string | undefined {
  return exitCode === wanted ? undefined : `exit code ${exitCode}\n${stdout}${stderr}`
}

/** Without anything that a shell would interpret. */
const PLAIN = /^quorate [\w ./:=,-]+$/

/**
 * In bash, in this directory, without a terminal. A command that bash would only pass on runs without bash, and without
 * a new process.
 */
export async function type(folder: string, line: string): Promise<ProcessResult> {
  if (PLAIN.test(line)) return await quorateIn(folder, line.split(' ').slice(1))
  return await run(['bash', '-c', 'cd "$1" && PATH=$1/bin:$PATH && eval "$2"', 'bash', folder, line])
}

/** The built program as `quorate`. */
export async function installHere(folder: string): Promise<void> {
  const program = path.join(folder, 'bin', 'quorate')
  await mkdir(path.dirname(program))
  const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${PROGRAM}' "$@"`
  await writeFile(program, `#!/bin/sh\n${command}\n`, { mode: 0o755 })
}
