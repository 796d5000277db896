/** The records of commands in `operations/` of the state directory. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { OperationRecord } from '../../../src/engine/operation-record.ts'
import type { TestLab } from '../harness.ts'
import { stateFolder } from './fresh.ts'

/** In the order of their start. */
export async function recordsOf(lab: TestLab): Promise<readonly OperationRecord[]> {
  const folder = path.join(stateFolder(lab), 'operations')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  return await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as OperationRecord),
  )
}
