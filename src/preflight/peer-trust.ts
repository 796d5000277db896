/** Whose certificate is enough to speak Raft with the members. */
import { PEER_IDENTITY } from '../etcd/configuration.ts'
import { environmentNames } from '../etcd/versions.ts'
import type { Cluster } from '../spec/cluster.ts'
import { memberName } from '../spec/member-name.ts'
import { type Check, judge } from './checks.ts'

const ANYBODY = "any certificate of the CA, a client's too"

/** @param forbidden whether name constraints keep the CA from signing the name by which members know each other */
export function judgePeerTrust({ name, etcd }: Cluster, forbidden: boolean): Check {
  const check = judge(undefined, 'peer-trust', 'Who may speak Raft')
  const wanted = `certificates for ${memberName(name)} alone, which no client gets`
  if (!environmentNames(etcd.version).includes(PEER_IDENTITY)) {
    return check.warning({
      found: `${ANYBODY}: etcd ${etcd.version} can't tell them apart`,
      wanted,
      remedy:
        'use etcd 3.4 or newer; until then give certificates of this CA only to API servers and administrators',
    })
  }
  if (forbidden) {
    return check.warning({
      found: `${ANYBODY}: the name constraints of the CA forbid ${memberName(name)}`,
      wanted,
      remedy: 'use a CA for this cluster alone, or one that may sign names below quorate.internal',
    })
  }
  return check.ok({ found: 'members', wanted })
}
