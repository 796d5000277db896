/** The part of a CA rotation that happens on this workstation, whatever the CA location. */
import { rm } from 'node:fs/promises'
import { QuorateError } from '../../errors.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { beginRotation, retireOther, turnBack } from '../../pki/own-ca-rotation.ts'
import { fingerprintsOf, firstFingerprint } from '../../pki/trust-mark.ts'
import { bundleOf, readTrustFile, trustFile } from '../../pki/trust.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { ownCa } from '../../pki/ca-rotation-state.ts'

/**
 * From now on both CAs are trusted, and the new one signs. quorate creates its own new CA. For any other CA location,
 * the cluster file already names the new CA, and the old one is what members have.
 *
 * @throws QuorateError `usage` if the file still names the present signing CA
 */
export async function beginCaRotation(session: Session, observed: Observed): Promise<void> {
  const { cluster, askPassphrase, now, signal } = session
  const own = ownCa(cluster)
  if (own !== undefined) {
    const { pki } = cluster
    const passphrase = pki.authority.home === 'local' && pki.authority.passphrase
    const options = { clusterName: cluster.name, passphrase, algorithm: pki.algorithm, askPassphrase, now }
    return await beginRotation(own, options, signal)
  }
  const chain = await (await session.authority()).chain(signal)
  const file = trustFile(cluster.stateDirectory)
  const trusted = await readTrustFile(file)
  // Members may have both already. Only this file says which is the old one.
  if (trusted !== undefined && fingerprintsOf(trusted).includes(firstFingerprint(chain))) return
  // The old CA first: a rollback is possible while that one can sign again.
  await replaceFile(file, bundleOf(...trustedByMembers(observed), chain), 0o644)
}

/** The bundles on the members' disks, each once (PEM). */
export function trustedByMembers({ hosts }: Observed): readonly string[] {
  const bundles = Object.values(hosts).flatMap(({ member }) => (member?.tls.ca ? [member.tls.ca] : []))
  return [...new Set(bundles)]
}

/** The old CA signs again. An external CA does so once the cluster file names it: see `requireWayBack`. */
export async function goBack({ cluster }: Session): Promise<void> {
  const own = ownCa(cluster)
  if (own !== undefined) await turnBack(own)
}

/** @throws QuorateError `blocked` if only the operator can make the old CA sign again */
export async function requireWayBack(session: Session): Promise<void> {
  const { cluster, signal } = session
  if (ownCa(cluster) !== undefined) return
  const both = await readTrustFile(trustFile(cluster.stateDirectory))
  const chain = await (await session.authority()).chain(signal)
  if (both === undefined || firstFingerprint(both) === firstFingerprint(chain)) return
  throw new QuorateError('blocked', "can't go back to the old CA: the cluster file names the new one", {
    id: 'old-ca-is-not-in-the-cluster-file',
    hint: `set the old CA in ${cluster.file} again (pki.authority), then run quorate certs rotate-ca --abort`,
  })
}

/** From now on only the signing CA is trusted. The next run updates the members. */
export async function dropOtherCa({ stateDirectory }: Cluster): Promise<void> {
  await rm(trustFile(stateDirectory), { force: true })
}

/** @returns the directories that keep the other CA from now on; none if it is not quorate's own */
export async function retireOtherCa(cluster: Cluster, stamp: string): Promise<readonly string[]> {
  const own = ownCa(cluster)
  return own === undefined ? [] : await retireOther(own, stamp)
}
