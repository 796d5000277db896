/** Whether an offline CA signs the name by which members recognize each other, judged from imported certificates. */
import type { CertificateFault, Observed } from './observed.ts'
import type { CertificateName } from '../certificate-name.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'

/** Whether the CA gives a node's certificate the name: for the active key, or for the waiting one. */
export type SignsName = (host: string, name: CertificateName, which: 'in-force' | 'waiting') => boolean

/** undefined: the CA is online, and signs every request. */
export async function signedNames(
  cluster: Cluster,
  hosts: Observed['hosts'],
): Promise<SignsName | undefined> {
  if (cluster.pki.authority.home !== 'offline') return undefined
  const [{ keysNamed }, { issuedDirectory }, { keyOfRequest }] = await Promise.all([
    import('../../../pki/offline.ts'),
    import('../../../pki/open.ts'),
    import('../../../pki/csr.ts'),
  ])
  const keys = new Map<string, string>()
  for (const { name: host } of etcdNodes(cluster)) {
    const { keys: inForce = {}, pending = {} } = hosts[host]?.member?.tls ?? {}
    for (const [name, key] of Object.entries(inForce)) keys.set(`${host} ${name} in-force`, key.toLowerCase())
    for (const [name, { csr }] of Object.entries(pending)) {
      const key = keyOfRequest(csr)
      if (key !== undefined) keys.set(`${host} ${name} waiting`, key)
    }
  }
  const named = await keysNamed(issuedDirectory(cluster), [...keys.values()], memberName(cluster.name))
  return (host, name, which) => named.has(keys.get(`${host} ${name} ${which}`) ?? '')
}

/** The faults of a certificate; marks the missing name if the CA has not signed it yet. */
export function tellUnsigned(
  faults: readonly CertificateFault[],
  signs: (which: 'in-force' | 'waiting') => boolean,
): readonly CertificateFault[] {
  return faults.flatMap((fault): CertificateFault[] => {
    if (fault.code === 'member-name' && !signs('in-force'))
      return [{ ...fault, code: 'member-name-unsigned' }]
    if (fault.code !== 'missing' || signs('waiting')) return [fault]
    return [fault, { code: 'member-name-unsigned', message: fault.message }]
  })
}
