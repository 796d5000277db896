/** Clients whose keys and certificates are on this workstation: the operator, and those that `certs client` created. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { readText } from '../../files/read-file.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { OPERATOR, operatorDirectory } from '../../tiers/etcd/session.ts'
import type { Cluster } from '../../spec/cluster.ts'

export interface KeptClient {
  readonly name: string
  readonly directory: string
  /** Absolute path. */
  readonly certificate: string
}

/** Default directory of clients' files. */
export function clientsDirectory(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'clients')
}

/** Clients that have a certificate, the operator first; also those whose files were moved, or can't be read. */
export async function keptClients(
  cluster: Pick<Cluster, 'stateDirectory'>,
): Promise<{ readonly here: readonly KeptClient[]; readonly gone: readonly KeptClient[] }> {
  const folders = [operatorDirectory(cluster), clientsDirectory(cluster)]
  const found = (await Promise.all(folders.map(clientsIn))).flat()
  const elsewhere = (await readElsewhere(cluster)).map(({ name, directory }) => clientOf(name, directory))
  const isHere = ({ name, directory, certificate }: KeptClient) =>
    existsSync(certificate) && existsSync(path.join(directory, `${name}.key`))
  const here = [...found, ...elsewhere]
    .filter(isHere)
    .toSorted((a, b) => Number(b.name === OPERATOR) - Number(a.name === OPERATOR))
  return { here, gone: elsewhere.filter((client) => !isHere(client)) }
}

/** Records a client whose files are in another directory, so that a renewal doesn't miss it. */
export async function rememberClient(
  cluster: Pick<Cluster, 'stateDirectory'>,
  client: Pick<KeptClient, 'name' | 'directory'>,
): Promise<void> {
  const { name, directory } = client
  if (directory === clientsDirectory(cluster)) return
  const known = await readElsewhere(cluster)
  if (known.some((one) => one.name === name && one.directory === directory)) return
  const all = [...known, { name, directory }]
  await replaceFile(
    elsewhereFile(cluster),
    all.map((one) => `${one.name} ${one.directory}\n`).join(''),
    0o600,
  )
}

function elsewhereFile({ stateDirectory }: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'clients-elsewhere')
}

/** One line each: the name, which contains no spaces, and the directory. */
async function readElsewhere(
  cluster: Pick<Cluster, 'stateDirectory'>,
): Promise<readonly Pick<KeptClient, 'name' | 'directory'>[]> {
  try {
    const lines = (await readText(elsewhereFile(cluster))).split('\n').filter(Boolean)
    return lines.map((line) => {
      const at = line.indexOf(' ')
      return { name: line.slice(0, at), directory: line.slice(at + 1) }
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function clientsIn(directory: string): Promise<readonly KeptClient[]> {
  try {
    const files = (await readdir(directory)).filter((file) => file.endsWith('.key'))
    return files.sort().map((file) => clientOf(file.slice(0, -'.key'.length), directory))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function clientOf(name: string, directory: string): KeptClient {
  return { name, directory, certificate: path.join(directory, `${name}.crt`) }
}
