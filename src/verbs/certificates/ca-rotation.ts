/** An exchange of the CA, as far as it happens on this computer, wherever the CA lives. */
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
 * Both CAs are trusted from now on, and the new one signs. One of quorate's own is made; any other is the one that the
 * cluster file names by now, and the old one is what members have.
 *
 * @throws QuorateError `usage` where the file names the CA that signs already
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
  const begun = await readTrustFile(file)
  // Members may have both by now: which of them is the old one is told by this file alone.
  if (begun !== undefined && fingerprintsOf(begun).includes(firstFingerprint(chain))) return
  // The old one first: going back is possible where that signs again.
  await replaceFile(file, bundleOf(...trustedByMembers(observed), chain), 0o644)
}

/** What lies on the members as their bundles, each once (PEM). */
export function trustedByMembers({ hosts }: Observed): readonly string[] {
  const bundles = Object.values(hosts).flatMap(({ member }) => (member?.tls.ca ? [member.tls.ca] : []))
  return [...new Set(bundles)]
}

/** The old CA signs again. One that is somebody else's does so as soon as the cluster file names it: `requireWayBack`. */
export async function goBack({ cluster }: Session): Promise<void> {
  const own = ownCa(cluster)
  if (own !== undefined) await turnBack(own)
}

/** @throws QuorateError `blocked` where it is for the operator to have the old CA sign again */
export async function requireWayBack(session: Session): Promise<void> {
  const { cluster, signal } = session
  if (ownCa(cluster) !== undefined) return
  const both = await readTrustFile(trustFile(cluster.stateDirectory))
  const chain = await (await session.authority()).chain(signal)
  if (both === undefined || firstFingerprint(both) === firstFingerprint(chain)) return
  throw new QuorateError('blocked', "can't go back to the old CA: the cluster file names the new one", {
    hint: `set the old CA in ${cluster.file} again (pki.authority), then run quorate certs rotate-ca --abort`,
  })
}

/** From now on the CA that signs is the only one that anybody is to trust; members are told by the next run. */
export async function dropOtherCa({ stateDirectory }: Cluster): Promise<void> {
  await rm(trustFile(stateDirectory), { force: true })
}

/** @returns the folders that the other CA is kept in from now on; none where it is not quorate's own */
export async function retireOtherCa(cluster: Cluster, stamp: string): Promise<readonly string[]> {
  const own = ownCa(cluster)
  return own === undefined ? [] : await retireOther(own, stamp)
}
