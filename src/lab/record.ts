/** What a lab records in its directory. Whether its machines run is not recorded but checked. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type ProcessIdentity, readIfThere } from '../files/process-identity.ts'
import type { LabSpec } from './spec.ts'

export interface LabRecord {
  readonly spec: LabSpec
  /** The base file system that its machines use. */
  readonly base: string
  /** The claim of an allocated subnet, which is released with the lab. */
  readonly claim?: string | undefined
  /** The process that the lab ends with; undefined: it stays until it is stopped. */
  readonly owner?: ProcessIdentity | undefined
}

export async function readRecord(folder: string): Promise<LabRecord | undefined> {
  const text = await readIfThere(path.join(folder, 'lab.json'))
  return text === undefined ? undefined : (JSON.parse(text) as LabRecord)
}

export async function writeRecord(record: LabRecord): Promise<void> {
  const { folder } = record.spec
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'lab.json')
  await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
