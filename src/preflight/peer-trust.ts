/** Which certificates let their holder connect to the members as a peer. */
import { PEER_IDENTITY } from '../etcd/configuration.ts'
import { environmentNames } from '../etcd/versions.ts'
import type { Cluster } from '../spec/cluster.ts'
import { memberName } from '../spec/member-name.ts'
import { type Check, judge } from './checks.ts'

const ANYBODY = "any certificate of the CA, including clients' certificates"

/** @param forbidden whether name constraints of the CA forbid the DNS name that members require of their peers */
export function judgePeerTrust({ name, etcd }: Cluster, forbidden: boolean): Check {
  const check = judge(undefined, 'peer-trust', 'Accepted as peers')
  const wanted = `only certificates for ${memberName(name)}, which clients never get`
  if (!environmentNames(etcd.version).includes(PEER_IDENTITY)) {
    return check.warning({
      found: `${ANYBODY}: etcd ${etcd.version} can't distinguish them`,
      wanted,
      remedy:
        'use etcd 3.4 or newer; until then give certificates of this CA only to API servers and administrators',
    })
  }
  if (forbidden) {
    return check.warning({
      found: `${ANYBODY}: the name constraints of the CA forbid ${memberName(name)}`,
      wanted,
      remedy: 'use a CA that only this cluster uses, or one that may sign names below quorate.internal',
    })
  }
  return check.ok({ found: 'members', wanted })
}
