/**
 * Which CAs members trust. etcd reads them at its start only, so a change takes restarts; and no certificate may come
 * from a CA that some member that runs does not trust, nor a CA be dropped from which one comes.
 */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import type { MemberState } from '../../../host/state.ts'
import { TRUST_MARK, fingerprintsOf, firstFingerprint } from '../../../pki/trust-mark.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

/**
 * Certificates from the CA that signed before are as good as ever while both are trusted. They are exchanged on request
 * only, because from then on clients must trust the new CA; and once every member that runs does: until then nothing is
 * issued at all.
 */
export function holdBack({ cluster, reissue }: ApplyIntent, observed: Observed): Observed {
  const untold = isUntold(cluster, observed)
  if (reissue === true && !untold) return observed
  const certificates = Object.fromEntries(
    Object.entries(observed.certificates).map(([host, own]) => [
      host,
      Object.fromEntries(
        Object.entries(own).map(([name, faults]) => [
          name,
          untold ? [] : faults.filter(({ code }) => code !== 'old-issuer'),
        ]),
      ),
    ]),
  )
  return { ...observed, certificates }
}

/** Why certificates can't be exchanged at all, or a CA not be dropped. */
export function trustReasons({ cluster, dropTrust }: ApplyIntent, observed: Observed): BlockReason[] {
  const { expired } = observed.authority
  // First, and alone: nothing that it signs is accepted by anybody.
  if (expired !== undefined) return [expired]
  return etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined) return []
    return [
      ...(dropTrust === true ? [] : foreignPathReasons(node.name, state, observed)),
      ...(isUntold(cluster, observed) ? expiredReasons(node.name, observed) : []),
    ]
  })
}

/** Somebody has it trust a CA that is not known here: dropping it might cut off whoever has a certificate from it. */
function foreignPathReasons(host: string, state: MemberState, { authority }: Observed): BlockReason[] {
  if (authority.bundle === undefined) return []
  const known = fingerprintsOf(authority.bundle)
  const told = [...fingerprintsIn(state.tls.mark), ...(trustedSinceStart(state) ?? [])]
  // Dropping one that has expired cuts nobody off.
  const harmless = [...known, ...(authority.lapsed ?? [])]
  const strange = told.find((fingerprint) => !harmless.includes(fingerprint))
  if (strange === undefined) return []
  return [
    {
      host,
      message: `its member trusts a CA (SHA-256 ${strange}…) that is not, or no longer, one of those kept here`,
      hint: "if the CA was exchanged from here and this is the old one: quorate certs rotate-ca --finish. If it is being exchanged from another computer, go on there; this one needs that one's folder",
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
      host,
      message:
        'its certificate has expired, and the CA that would sign a new one is not trusted everywhere yet',
      hint: 'go back to the old CA, which renews it, and begin again: quorate certs rotate-ca --abort',
    },
  ]
}

/** The member that runs trusts no CA but expired ones: it takes no new connection from anybody. */
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
  if (now === undefined) return ['without a mark of the CAs that it trusts']
  const lacks = wanted.some((fingerprint) => !now.includes(fingerprint))
  const has = now.some((fingerprint) => !wanted.includes(fingerprint))
  if (lacks && has) return ['when it was to trust other CAs']
  if (lacks) return ['before it was to trust one more CA']
  return has ? ['when it was to trust one more CA'] : []
}

/** Some certificate is from the CA that signed before, and some member knows that one alone. */
export function isUntold(cluster: Cluster, { authority, certificates, hosts }: Observed): boolean {
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

/** The fingerprints that the running process carries; undefined: none does, or it carries none. */
function trustedSinceStart({ unit }: MemberState): readonly string[] | undefined {
  return unit.environment?.[TRUST_MARK]?.split(',')
}

function fingerprintsIn(mark: string | undefined): readonly string[] {
  if (mark === undefined) return []
  return (parseEnvironmentFile(mark)[TRUST_MARK] ?? '').split(',').filter(Boolean)
}
