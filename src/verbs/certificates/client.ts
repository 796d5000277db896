/** `quorate certs client NAME`: issues certificates for clients of the cluster. */
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { type ClientCertificate, makeClientCertificate } from '../../pki/client.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { requireOwnOutput } from '../../files/state-folder.ts'
import { clientsDirectory, rememberClient } from './kept-clients.ts'
import { runVerb } from '../../engine/run-verb.ts'

export interface ClientOptions {
  /** The common name, which etcd's RBAC uses as the user. */
  readonly name: string
  /** Directory for the files; default: `clientsDirectory`. */
  readonly directory?: string | undefined
  /** Validity in days; default: `pki.days`. */
  readonly days?: number | undefined
  /** Renews it even if the present one is still good. */
  readonly renew?: boolean | undefined
}

/** Creates, keeps or renews it. The key never leaves this workstation. @throws QuorateError `pki` or `usage` */
export async function clientCertificate(
  session: Session,
  options: ClientOptions,
): Promise<ClientCertificate> {
  const directory = options.directory ?? clientsDirectory(session.cluster)
  const { result } = await runVerb<Session, true, ClientCertificate>(session, {
    name: 'certs client',
    decide: async (own) => {
      await requirePossible(own, options, directory)
      return true
    },
    confirm: async () => undefined,
    // Everything happens on this workstation.
    scope: () => 'none',
    same: () => true,
    lookHint: 'quorate certs list',
    probe: () => false,
    carryOut: async ({ session: own }) => await issueClient(own, options, directory),
  })
  return result
}

/** @throws QuorateError `pki` or `usage` */
async function requirePossible(session: Session, options: ClientOptions, directory: string): Promise<void> {
  const { cluster } = session
  if (cluster.pki.authority.home === 'offline' && options.directory !== undefined) {
    // `certs csr` writes requests for all waiting clients to one directory.
    throw new QuorateError(
      'usage',
      "can't use --out with an offline CA: a client's files stay in one directory until the certificate is signed",
      {
        hint: `omit --out, and copy the files from ${clientsDirectory(cluster)} once they are complete`,
      },
    )
  }
  requireOwnOutput(path.resolve(directory), 'leave')
  if ((await session.bundle()) !== undefined) return
  // Using the authority would create one. On a running cluster, no member would trust it.
  throw new QuorateError('pki', `can't sign the certificate: CA not found in ${cluster.stateDirectory}`, {
    hint: 'put the state directory back, or set its path in the cluster file (`state`); if there is no cluster yet: quorate apply',
  })
}

async function issueClient(
  session: Session,
  options: ClientOptions,
  directory: string,
): Promise<ClientCertificate> {
  const { cluster, now, signal } = session
  requireOwnOutput(path.resolve(directory), 'make')
  const made = await makeClientCertificate({
    authority: await session.authority(),
    directory,
    name: options.name,
    days: options.days ?? cluster.pki.days,
    algorithm: cluster.pki.algorithm,
    now: now(),
    renew: options.renew,
    signal,
  })
  await rememberClient(cluster, { name: options.name, directory: path.resolve(directory) })
  return made
}
