/**
 * Which CAs members trust. etcd reads them only at its start, so a change needs restarts. No certificate may come from a CA
 * that a running member doesn't trust, and no CA with certificates in use may be removed.
 */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import type { MemberState } from '../../../host/state.ts'
import { TRUST_MARK, fingerprintsOf, firstFingerprint } from '../../../pki/trust-mark.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

/**
 * Certificates of the previous CA stay valid while both are trusted. They are replaced only on request, because from then on
 * clients must trust the new CA, and only once every running member trusts it. Until then no certificate is issued.
 */
export function holdBack({ cluster, reissue }: ApplyIntent, observed: Observed): Observed {
  const unknown = isNewCaUnknown(cluster, observed)
  if (reissue === true && !unknown) return observed
  const certificates = Object.fromEntries(
    Object.entries(observed.certificates).map(([host, own]) => [
      host,
      Object.fromEntries(
        Object.entries(own).map(([name, faults]) => [
          name,
          unknown ? [] : faults.filter(({ code }) => code !== 'old-issuer'),
        ]),
      ),
    ]),
  )
  return { ...observed, certificates }
}

/** Why certificates can't be replaced, or a CA can't be removed. */
export function trustReasons({ cluster, dropTrust }: ApplyIntent, observed: Observed): BlockReason[] {
  const { expired } = observed.authority
  // First, and alone: nothing that it signs is accepted.
  if (expired !== undefined) return [expired]
  return etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined) return []
    return [
      ...(dropTrust === true ? [] : foreignPathReasons(node.name, state, observed)),
      ...(isNewCaUnknown(cluster, observed) ? expiredReasons(node.name, observed) : []),
    ]
  })
}

/** It trusts a CA that is unknown on this workstation: removing it might lock out clients with its certificates. */
function foreignPathReasons(host: string, state: MemberState, { authority }: Observed): BlockReason[] {
  if (authority.bundle === undefined) return []
  const known = fingerprintsOf(authority.bundle)
  const trusted = [...fingerprintsIn(state.tls.mark), ...(trustedSinceStart(state) ?? [])]
  // Removing an expired one locks out no client.
  const harmless = [...known, ...(authority.lapsed ?? [])]
  const strange = trusted.find((fingerprint) => !harmless.includes(fingerprint))
  if (strange === undefined) return []
  return [
    {
      id: 'unknown-ca',
      host,
      message: `the member trusts a CA (SHA-256 ${strange}…) that is not in quorate's state directory on this workstation`,
      hint: 'if it is the old CA of a rotation from this workstation, run quorate certs rotate-ca --finish. If another workstation runs the rotation, continue on that one, or copy its state directory',
    },
  ]
}

function expiredReasons(host: string, observed: Observed): BlockReason[] {
  const expired = Object.values(observed.certificates[host] ?? {}).some((faults) =>
    faults.some(({ code }) => code === 'expired'),
  )
  if (!expired) return []
  return [
    {
      id: 'certificate-expired-in-rotation',
      host,
      message:
        'the certificate of the member has expired, and not every member trusts the CA that would sign a new one',
      hint: 'go back to the old CA, which renews the certificate: quorate certs rotate-ca --abort; then start the rotation again',
    },
  ]
}

/** The running member trusts only expired CAs: it accepts no new connection. */
export function trustsNobody({ authority }: Observed, state: MemberState): boolean {
  const trusted = trustedSinceStart(state) ?? []
  const { lapsed = [] } = authority
  return trusted.length > 0 && trusted.every((fingerprint) => lapsed.includes(fingerprint))
}

/** Phrases that complete 'it was started …'. Reads the process, not the files, as `restartReasons` does. */
export function trustRestartReasons(bundle: string | undefined, state: MemberState): readonly string[] {
  if (bundle === undefined || state.unit.environment === undefined) return []
  const wanted = fingerprintsOf(bundle)
  const now = trustedSinceStart(state)
  if (now === undefined) return ['without a record of the CAs that it trusts']
  const lacks = wanted.some((fingerprint) => !now.includes(fingerprint))
  const has = now.some((fingerprint) => !wanted.includes(fingerprint))
  if (lacks && has) return ['when other CAs were trusted']
  if (lacks) return ['before one more CA was trusted']
  return has ? ['when one more CA was trusted'] : []
}

/** A certificate is from the previous CA, and a member knows only that CA. */
export function isNewCaUnknown(cluster: Cluster, { authority, certificates, hosts }: Observed): boolean {
  const { bundle } = authority
  if (bundle === undefined) return false
  const old = Object.values(certificates).some((own) =>
    Object.values(own).some((faults) => faults.some(({ code }) => code === 'old-issuer')),
  )
  const signer = firstFingerprint(bundle)
  return (
    old &&
    etcdNodes(cluster).some(({ name }) => {
      const state = hosts[name]?.member
      if (state?.unit.environment === undefined) return false
      return trustedSinceStart(state)?.includes(signer) !== true
    })
  )
}

/** The fingerprints in the running process's environment; undefined: it doesn't run, or has none. */
function trustedSinceStart({ unit }: MemberState): readonly string[] | undefined {
  return unit.environment?.[TRUST_MARK]?.split(',')
}

function fingerprintsIn(mark: string | undefined): readonly string[] {
  if (mark === undefined) return []
  return (parseEnvironmentFile(mark)[TRUST_MARK] ?? '').split(',').filter(Boolean)
}
