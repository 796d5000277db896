/** Certificates of clients whose keys are kept here: the operator's own, and those that `certs client` made. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { ageOf } from '../pki/age.ts'
import { makeClientCertificate } from '../pki/client.ts'
import { OPERATOR, type Session, operatorDirectory } from '../run/session.ts'
import { clientsDirectory } from './certs-client.ts'

export interface RenewedClient {
  readonly name: string
  /** Absolute path: what was copied elsewhere has to be copied again. */
  readonly certificate: string
  /** `waiting`: the offline CA has to sign it. */
  readonly result: 'issued' | 'waiting'
}

/** Names of clients with a certificate here that is past this share of its life, the operator's first. */
export async function dueClients(session: Session, share: number): Promise<readonly string[]> {
  const all = await keptClients(session)
  const due: string[] = []
  for (const { name, directory } of all) {
    const pem = await readFile(path.join(directory, `${name}.crt`), 'utf8')
    if (ageOf(pem, session.now()).share >= share) due.push(name)
  }
  return due
}

/** Issues them anew for the keys that they have. */
export async function renewClients(
  session: Session,
  names: readonly string[],
): Promise<readonly RenewedClient[]> {
  const { cluster, now, signal } = session
  const { days, algorithm } = cluster.pki
  const wanted = (await keptClients(session)).filter(({ name }) => names.includes(name))
  const renewed: RenewedClient[] = []
  for (const { name, directory } of wanted) {
    const authority = await session.authority()
    const options = { authority, directory, name, days, algorithm, now: now(), renew: true, signal }
    const { result, certificate, warnings } = await makeClientCertificate(options)
    for (const text of warnings)
      session.emit({ type: 'warning', text: `the certificate of ${name}: ${text}` })
    renewed.push({ name, certificate, result: result === 'waiting' ? 'waiting' : 'issued' })
  }
  return renewed
}

/** Those that have a certificate already. */
async function keptClients({
  cluster,
}: Session): Promise<readonly { readonly name: string; readonly directory: string }[]> {
  const folders = [operatorDirectory(cluster), clientsDirectory(cluster)]
  const found = await Promise.all(
    folders.map(async (directory) => {
      const files = await filesIn(directory)
      const names = files.filter((file) => file.endsWith('.key')).map((file) => file.slice(0, -'.key'.length))
      return names
        .filter((name) => files.includes(`${name}.crt`))
        .sort((a, b) => Number(b === OPERATOR) - Number(a === OPERATOR) || a.localeCompare(b))
        .map((name) => ({ name, directory }))
    }),
  )
  return found.flat()
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
