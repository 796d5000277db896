/** `quorate certs client NAME`: certificates for whoever talks to the cluster. */
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { type ClientCertificate, makeClientCertificate } from '../pki/client.ts'
import type { Session } from '../run/session.ts'
import type { Cluster } from '../spec/cluster.ts'

export interface ClientOptions {
  /** The common name, which etcd's RBAC takes for the user. */
  readonly name: string
  /** Where the files go; `clientsDirectory` unless given. */
  readonly directory?: string | undefined
  /** How long it is valid; `pki.days` unless given. */
  readonly days?: number | undefined
  /** Issues anew even if the present one is good. */
  readonly renew?: boolean | undefined
}

/** Where clients' files are kept, unless told otherwise. */
export function clientsDirectory(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'clients')
}

/** Makes, keeps or renews it. The key never leaves this computer. @throws QuorateError `pki` or `usage` */
export async function clientCertificate(
  session: Session,
  options: ClientOptions,
): Promise<ClientCertificate> {
  const { cluster, now, signal } = session
  if (cluster.pki.authority.home === 'offline' && options.directory !== undefined) {
    // `certs csr` asks for what waits in one place.
    throw new QuorateError(
      'usage',
      "with an offline CA a client's files are kept in one folder until it is signed",
      {
        hint: `leave --out away, and copy the files from ${clientsDirectory(cluster)} once they are complete`,
      },
    )
  }
  if ((await session.bundle()) === undefined) {
    // Using the authority would make one: over a running cluster, one that no member trusts.
    throw new QuorateError('pki', `there is no CA in ${cluster.stateDirectory} that could sign it`, {
      hint: 'if there is no cluster yet: quorate apply. Otherwise put the folder back where it was, or name it in the cluster file: state',
    })
  }
  return await makeClientCertificate({
    authority: await session.authority(),
    directory: options.directory ?? clientsDirectory(cluster),
    name: options.name,
    days: options.days ?? cluster.pki.days,
    algorithm: cluster.pki.algorithm,
    now: now(),
    renew: options.renew,
    signal,
  })
}
