/** From machines in their initial state to an applied cluster. */
import { copyFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Machine } from '../../../src/lab/machine.ts'
import type { TestLab } from '../harness.ts'
import { quorateOk } from './quorate.ts'

/** quorate's state directory for the lab's cluster. */
export function stateFolder(lab: TestLab): string {
  return path.join(path.dirname(lab.clusterFile), '.quorate', 'test')
}

/** Removes quorate's state of the cluster, except for the machines' host keys, which a user would have trusted. */
export async function freshState(lab: TestLab): Promise<void> {
  await rm(stateFolder(lab), { recursive: true, force: true })
  await mkdir(stateFolder(lab), { recursive: true, mode: 0o700 })
  await copyFile(lab.knownHostsFile, path.join(stateFolder(lab), 'known_hosts'))
}

/**
 * Keeps the list of signers next to age's secret key, as a user would: without it the origin of a backup could not be
 * verified later. Returns the arguments that name it.
 */
export async function keptSigners(lab: TestLab): Promise<readonly [string, string]> {
  const file = path.join(lab.folder, 'allowed_signers')
  await copyFile(path.join(stateFolder(lab), 'allowed_signers'), file)
  return ['--signers', file]
}

/** Machines and state directory in their initial state, and the cluster file with these keys. */
export async function startOver(
  lab: TestLab,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const fresh = await Promise.all(lab.machines.map(isFresh))
  const machines = fresh.every(Boolean) ? undefined : lab.pristine()
  await Promise.all([machines, freshState(lab), lab.writeCluster(changes)])
}

/** Whether quorate never changed anything on it: then another boot would only cost time. */
async function isFresh(machine: Machine): Promise<boolean> {
  return (await machine.isRunning()) && (await machine.exec(['test', '-e', '/run/quorate'])).exitCode !== 0
}

/** `startOver`, and a first apply. Returns what apply printed. */
export async function applied(
  lab: TestLab,
  changes: Readonly<Record<string, unknown>> = {},
  args: readonly string[] = [],
): Promise<string> {
  await startOver(lab, changes)
  return await quorateOk(lab, ['apply', ...args])
}
