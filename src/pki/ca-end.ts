/** The end of a CA, and what to do before and after it. */
import type { CaEnd } from './age.ts'
import { caPlace } from './open.ts'
import type { Cluster } from '../spec/cluster.ts'
import { ownCa } from './ca-rotation-state.ts'

/** @param caPem the CA's chain, or the bundle that begins with it */
export function caEnd(cluster: Cluster, caPem: string, now: Date): Omit<CaEnd, 'urgent'> {
  const rotate = 'change to a new CA: quorate certs rotate-ca'
  const named = `name a new CA in ${cluster.file} (pki.authority), then: quorate certs rotate-ca`
  const remedy = ownCa(cluster) === undefined ? named : rotate
  return { caPem, days: cluster.pki.days, now, place: caPlace(cluster), remedy }
}
