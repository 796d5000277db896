/** Keeps the journals of a test's machines before they are removed, so that a failure can be analyzed later. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import { QuorateError } from '../../src/errors.ts'
import type { Machine } from '../../src/lab/machine.ts'

/**
 * Writes `TEST-FILE/TEST-NAME/MACHINE.log` into `$QUORATE_TEST_LOGS`. script/test sets that, and keeps the logs of
 * failed files. Does nothing if it is not set. A machine that is off has no journal left.
 */
export async function keepLogs(
  machines: readonly Machine[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const folder = env['QUORATE_TEST_LOGS']
  if (folder === undefined) return
  const { testPath = 'unknown', currentTestName = 'all' } = expect.getState()
  const name = currentTestName.replaceAll(/[^\w.-]+/g, '-').slice(0, 100)
  const target = path.join(folder, path.basename(testPath), `${name}-${process.pid}`)
  await mkdir(target, { recursive: true })
  await Promise.all(
    machines.map(async (machine) => {
      const log = await journalOf(machine)
      if (log !== undefined) await writeFile(path.join(target, `${machine.name}.log`), log)
    }),
  )
}

async function journalOf(machine: Machine): Promise<string | undefined> {
  if (!(await machine.isRunning())) return undefined
  try {
    return (await machine.exec(['journalctl', '--no-pager', '--output=short-precise'])).stdout
  } catch (error) {
    // A machine that was killed a moment ago is still shutting down: its supervisor may outlive its first process.
    if (error instanceof QuorateError && error.code === 'lab') return undefined
    throw error
  }
}
