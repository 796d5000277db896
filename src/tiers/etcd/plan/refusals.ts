/** What the cluster file asks for that `apply` does not do to a member: said before anything is touched. */
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { accountReasons } from './account.ts'
import { certificateNames } from './certificates.ts'
import { descentRefusals } from './descend.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import { GUESTS } from '../guests.ts'
import { presentVersion } from '../facts/present-version.ts'
import { packageRefusals } from './package-refusals.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { trustsNobody } from './trust.ts'
import { versionRefusals } from './version-refusals.ts'

export function refusals(intent: ApplyIntent, observed: Observed): readonly BlockReason[] {
  const { cluster, upgrade } = intent
  const members = etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    // An expired CA protects nobody from another one.
    if (state?.unit.environment === undefined || trustsNobody(observed, state)) return []
    return authorityReasons(cluster, node, observed)
  })
  const versions = upgrade === undefined ? versionRefusals(cluster, observed) : []
  return [
    ...weakCaReasons(observed),
    ...accountReasons(cluster, observed),
    ...packageRefusals(intent, observed),
    ...firstOut(intent, observed, [...descentRefusals(intent, observed), ...versions]),
    ...members,
    ...GUESTS.flatMap((guest) => guest.refusals(cluster, observed)),
  ]
}

/**
 * A member that is to be made anew in the midst of a change of version: neither goes on without the other. Once it is no
 * member any more the change of version does, and adds it anew.
 */
function firstOut(
  { cluster, replace }: ApplyIntent,
  observed: Observed,
  reasons: readonly BlockReason[],
): readonly BlockReason[] {
  const [going] = Object.entries(replace ?? {})
  if (going === undefined) return reasons
  const [host, id] = going
  const versions = new Set(etcdNodes(cluster).flatMap(({ name }) => presentVersion(observed, name) ?? []))
  const healthy = observed.cluster?.healthy ?? []
  const [from] = healthy
  // Where all run the same version, it is the file's that is put right, or a downgrade that is canceled.
  if (from === undefined || healthy.includes(host) || versions.size < 2) return reasons
  const out = `take ${host} out of the cluster first: quorate etcdctl ${from} -- member remove ${id}`
  return reasons.map(({ hint = '', ...reason }) => ({
    ...reason,
    hint: `${out}. What goes on then adds it anew: ${hint}`,
  }))
}

/** A weak CA is not let in. One that members trust already stays until it is exchanged: nobody is locked out. */
export function weakCaReasons({ authority }: Observed): BlockReason[] {
  return (authority.tooWeak ?? []).map((message) => ({
    message,
    hint: 'name a stronger CA in the cluster file (pki.authority), or leave it out and quorate makes one',
  }))
}

/** Certificates are read anew for each handshake, but the CA only at the start. */
function authorityReasons(cluster: Cluster, node: Node, observed: Observed): BlockReason[] {
  const faults = certificateNames(cluster).flatMap((name) => observed.certificates[node.name]?.[name] ?? [])
  if (observed.authority.bundle !== undefined && !faults.some((fault) => fault.code === 'issuer')) return []
  return [
    {
      host: node.name,
      message:
        observed.authority.bundle === undefined
          ? 'its certificate is from a CA that is not here: the key of the CA, or the folder where quorate keeps it, is lost'
          : 'its certificate is from another CA than the one the cluster file names',
      hint: 'put the CA back in its place; or change the CA of the running cluster: quorate certs rotate-ca',
    },
  ]
}
