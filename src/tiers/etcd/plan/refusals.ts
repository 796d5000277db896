/** Requests in the cluster file that `apply` refuses for a member, reported before any change. */
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
    // An expired CA doesn't protect against another one.
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
 * A member to replace during a change of version: neither can continue without the other. Once the member is removed, the
 * change of version continues and adds it again.
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
  // If all run the same version, the fix is in the file, or a canceled downgrade.
  if (from === undefined || healthy.includes(host) || versions.size < 2) return reasons
  const out = `remove ${host} from the cluster first: quorate etcdctl ${from} -- member remove ${id}`
  return reasons.map(({ hint = '', ...reason }) => ({
    ...reason,
    hint: `${out}; then continue, which adds it again: ${hint}`,
  }))
}

/** A weak CA is refused. One that members already trust stays until it is rotated, so that no client is locked out. */
export function weakCaReasons({ authority }: Observed): BlockReason[] {
  return (authority.tooWeak ?? []).map((message) => ({
    message,
    id: 'weak-ca',
    hint: 'set a stronger CA in the cluster file (pki.authority); or remove that key, and quorate creates a CA',
  }))
}

/** etcd reads certificates for each handshake, but the CA only at its start. */
function authorityReasons(cluster: Cluster, node: Node, observed: Observed): BlockReason[] {
  const faults = certificateNames(cluster).flatMap((name) => observed.certificates[node.name]?.[name] ?? [])
  if (observed.authority.bundle !== undefined && !faults.some((fault) => fault.code === 'issuer')) return []
  return [
    {
      id: 'certificate-of-another-ca',
      host: node.name,
      message:
        observed.authority.bundle === undefined
          ? "its certificate is from a CA that was not found on this workstation: the CA key or quorate's state directory is missing"
          : 'the certificate of the member is from a CA other than the one in the cluster file',
      hint: 'put the CA back; or rotate the CA of the running cluster: quorate certs rotate-ca',
    },
  ]
}
