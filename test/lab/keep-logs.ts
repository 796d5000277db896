/** Keeps the journals of a test's machines before they go, so that a failure can be understood afterwards. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import type { Machine } from '../../src/lab/machine.ts'

/**
 * Writes `TEST-FILE/TEST-NAME/MACHINE.log` into `$QUORATE_TEST_LOGS`, which script/test sets; it keeps those of files
 * that failed. Does nothing where that is not set. A machine that is off has no journal left.
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
      if (!(await machine.isRunning())) return
      const { stdout } = await machine.exec(['journalctl', '--no-pager', '--output=short-precise'])
      await writeFile(path.join(target, `${machine.name}.log`), stdout)
    }),
  )
}
