/**
 * The local part of rotating quorate's own CA. Every function may be called again after an interruption at
 * any point, and both keys are kept.
 */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { replaceFile, syncDirectory } from '../files/atomic-file.ts'
import { parseCertificates } from './chain.ts'
import { type NewCa, makeLocalCa } from './make-local-ca.ts'
import { type OwnCa, caFolders, holdsCa } from './own-ca-folder.ts'
import { bundleOf, trustFile } from './trust.ts'

/**
 * Creates the new CA, makes both trusted, and replaces the signing CA with it. Certificates of the old one stay valid:
 * it is kept as `ca.previous`.
 */
export async function beginRotation(
  own: OwnCa,
  make: Omit<NewCa, 'directory'>,
  signal?: AbortSignal,
): Promise<void> {
  const { present, next, previous } = caFolders(own.directory)
  if (!holdsCa(previous)) {
    // A cluster's name may end with a number itself: only what follows 'etcd CA' counts.
    const generation = Number(/ etcd CA (\d+)$/.exec(await commonName(present))?.[1] ?? 1) + 1
    if (!holdsCa(next)) await makeLocalCa({ ...make, generation, directory: next }, signal)
    await trustBoth(own, present, next)
    await move(present, previous)
  }
  if (!holdsCa(present)) await move(next, present)
}

/** The old CA signs again, and the new one is kept as `ca.next`. Both stay trusted. */
export async function turnBack(own: OwnCa): Promise<void> {
  const { present, next, previous } = caFolders(own.directory)
  if (!holdsCa(previous)) return
  if (holdsCa(present)) {
    await trustBoth(own, previous, present)
    await move(present, next)
  }
  await move(previous, present)
}

/**
 * The CA that no longer signs (or never did) is kept as `ca.retired-STAMP`: its key is no longer needed, but
 * not lost.
 * @returns the directories, if there were any
 */
export async function retireOther(
  { directory }: Pick<OwnCa, 'directory'>,
  stamp: string,
): Promise<readonly string[]> {
  const { next, previous } = caFolders(directory)
  const retired: string[] = []
  for (const folder of [previous, next]) {
    if (!holdsCa(folder)) continue
    let place = `${directory}.retired-${stamp}`
    if (existsSync(place)) place = `${place}-${retired.length + 1}`
    await move(folder, place)
    retired.push(place)
  }
  return retired
}

async function trustBoth({ stateDirectory }: OwnCa, one: string, other: string): Promise<void> {
  const texts = await Promise.all(
    [one, other].map(async (folder) => await readText(path.join(folder, 'ca.crt'))),
  )
  await replaceFile(trustFile(stateDirectory), bundleOf(...texts), 0o644)
}

async function commonName(folder: string): Promise<string> {
  const file = path.join(folder, 'ca.crt')
  const [certificate] = parseCertificates(await readText(file), `the CA certificate ${file}`)
  return /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? ''
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncDirectory(path.dirname(to))
  } catch (error) {
    throw QuorateError.from(error, 'state', `${from} can't become ${to}`)
  }
}
