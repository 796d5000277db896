/** The authority that a cluster file names. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Cluster } from '../spec/cluster.ts'
import type { Remote } from '../ssh/remote.ts'
import type { AskPassphrase, Authority } from './authority.ts'
import type { CaPlace } from './ca-renewal.ts'
import { openHostAuthority } from './host.ts'
import { openLocalAuthority } from './local.ts'
import { openOfflineAuthority } from './offline.ts'
import { presentCaFolder } from './own-ca-folder.ts'
import { trustFile, withTrust } from './trust.ts'

export interface AuthorityContext {
  readonly cluster: Cluster
  /** Connects to the CA's host; called only if `pki.authority.home` is `host`. */
  readonly connect: (authority: Extract<Cluster['pki']['authority'], { home: 'host' }>) => Promise<Remote>
  readonly askPassphrase: AskPassphrase
  readonly now: () => Date
}

/** Opens it for this run. Apart from connecting to the CA's host, nothing happens before it is used. */
export async function openAuthority(context: AuthorityContext): Promise<Authority> {
  return withTrust(await openChosen(context), trustFile(context.cluster.stateDirectory))
}

async function openChosen(context: AuthorityContext): Promise<Authority> {
  const { cluster, askPassphrase, now } = context
  const { authority, algorithm } = cluster.pki
  const place = caPlace(cluster)
  if (authority.home === 'host') {
    const { certificate, key, sudo } = authority
    const remote = await context.connect(authority)
    return openHostAuthority({ remote, certificate, key, sudo, askPassphrase, now, place })
  }
  if (authority.home === 'offline') {
    const { certificate } = authority
    return openOfflineAuthority({ certificate, issuedDirectory: issuedDirectory(cluster), now, place })
  }
  const { certificate, key, passphrase } = authority
  const existing = certificate !== undefined && key !== undefined ? { certificate, key } : undefined
  return openLocalAuthority({
    clusterName: cluster.name,
    directory: path.join(cluster.stateDirectory, 'ca'),
    existing,
    passphrase,
    algorithm,
    askPassphrase,
    now,
    place,
  })
}

/** Where certificates from an offline CA are kept. */
export function issuedDirectory(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'issued')
}

/** The location of this cluster's CA. */
export function caPlace({
  pki: { authority },
  stateDirectory,
}: Pick<Cluster, 'pki' | 'stateDirectory'>): CaPlace {
  if (authority.home === 'offline') return { certificate: authority.certificate, key: undefined }
  if (authority.home === 'host') {
    const { certificate, key, hostName } = authority
    return { certificate, key, host: hostName }
  }
  const { certificate, key } = authority
  if (certificate !== undefined && key !== undefined) return { certificate, key, age: isAge(key) }
  const directory = presentCaFolder(path.join(stateDirectory, 'ca'))
  const encrypted = path.join(directory, 'ca.key.age')
  const age = existsSync(encrypted)
  return {
    certificate: path.join(directory, 'ca.crt'),
    key: age ? encrypted : path.join(directory, 'ca.key'),
    age,
  }
}

/** Decided by its name, because its content is only read to sign. */
function isAge(key: string): boolean {
  return key.endsWith('.age')
}
