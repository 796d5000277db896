/**
 * Certificates of clients whose keys are on this workstation: the operator's own, and those that `certs client`
 * created.
 */
import { readText } from '../../files/read-file.ts'
import { ageOf } from '../../pki/age.ts'
import { makeClientCertificate } from '../../pki/client.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type KeptClient, keptClients } from './kept-clients.ts'

export interface RenewedClient {
  readonly name: string
  /** Absolute path. Copies elsewhere have to be replaced by the operator. */
  readonly certificate: string
  /** `waiting`: the offline CA has to sign it. */
  readonly result: 'issued' | 'waiting'
}

/**
 * Names of clients whose certificate on this workstation is past this share of its validity period, the operator's
 * first.
 */
export async function dueClients(session: Session, share: number): Promise<readonly string[]> {
  const { here } = await keptClients(session.cluster)
  const due: string[] = []
  for (const { name, certificate } of here) {
    const pem = await readText(certificate)
    if (ageOf(pem, session.now()).share >= share) due.push(name)
  }
  return due
}

/** Renews them for their existing keys. */
export async function renewClients(
  session: Session,
  names: readonly string[],
): Promise<readonly RenewedClient[]> {
  const { cluster, now, signal } = session
  const { algorithm } = cluster.pki
  const wanted = (await keptClients(cluster)).here.filter(({ name }) => names.includes(name))
  const renewed: RenewedClient[] = []
  for (const client of wanted) {
    const { name, directory } = client
    const authority = await session.authority()
    const days = await lifeOf(client, now())
    const options = { authority, directory, name, days, algorithm, now: now(), renew: true, signal }
    const { result, certificate, warnings } = await makeClientCertificate(options)
    for (const text of warnings) session.emit({ type: 'warning', text: `certificate of ${name}: ${text}` })
    renewed.push({ name, certificate, result: result === 'waiting' ? 'waiting' : 'issued' })
  }
  return renewed
}

/** Validity of the present certificate in whole days, which the new one gets as well. */
export async function lifeOf({ certificate }: KeptClient, now: Date): Promise<number> {
  return Math.max(1, ageOf(await readText(certificate), now).lifeDays)
}
