/** Clients whose keys and certificates are on this computer: the operator, and those that `certs client` made. */
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

/** Where clients' files are kept, unless told otherwise. */
export function clientsDirectory(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'clients')
}

/** Those that have a certificate by now, the operator first; and those whose files were moved, or can't be read. */
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

/** Remembers a client whose files were put elsewhere, so that it is not forgotten when certificates are renewed. */
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

/** A line each: the name, which holds no blanks, and the folder. */
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
