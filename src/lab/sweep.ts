/** Labs of processes that have ended: the next test run finds and removes what a crashed or killed one left. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type EmitLab, silent } from './events.ts'
import { downLab } from './lab.ts'
import { isRunning, thisProcess } from '../files/process-identity.ts'

/**
 * Creates a directory for a lab that ends with this process. Its name contains the owner, so that it has one from the
 * start.
 */
export async function ownedFolder(parent: string): Promise<string> {
  const { pid, startTime, bootId } = await thisProcess()
  await mkdir(parent, { recursive: true, mode: 0o700 })
  return await mkdtemp(path.join(parent, `lab-${pid}-${startTime}-${bootId}-`))
}

/** Stops every lab in `parent` whose owner has ended, and removes its directory. @returns the directories' paths */
export async function sweepLabs(parent: string, emit: EmitLab = silent): Promise<string[]> {
  if (!existsSync(parent)) return []
  const swept: string[] = []
  for (const name of await readdir(parent)) {
    const [, pid, startTime, bootId] = /^lab-(\d+)-(\d+)-([0-9a-f-]{36})-[A-Za-z0-9]{6}$/.exec(name) ?? []
    if (pid === undefined || startTime === undefined || bootId === undefined) continue
    if (await isRunning({ pid: Number(pid), startTime, bootId })) continue
    const folder = path.join(parent, name)
    await downLab(path.join(folder, 'lab'), { purge: true, emit })
    await rm(folder, { recursive: true, force: true })
    swept.push(folder)
  }
  return swept
}
