/**
 * Predicts the state after a stage of the CA rotation that has not started: for its preview, and to decide whether it
 * may start.
 */
import { QuorateError } from '../../errors.ts'
import { TRUST_MARK, fingerprintsOf, firstFingerprint } from '../../pki/trust-mark.ts'
import { readTrustFile, trustFile } from '../../pki/trust.ts'
import { certificateNames, faultsOf } from '../../tiers/etcd/plan/certificates.ts'
import type { CertificateFault, Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import { withoutUnsigned } from '../../tiers/etcd/plan/peer-identity.ts'
import { predict } from '../../tiers/etcd/steps/predict.ts'
import type { CertificateName } from '../../tiers/etcd/certificate-name.ts'
import { trustsNobody } from '../../tiers/etcd/plan/trust.ts'
import { authorityOf } from '../../tiers/etcd/facts/authority-facts.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { trustedByMembers } from './ca-rotation.ts'
import { plural } from '../../spec/units.ts'
import { isUnderWay, unretired, ownCa } from '../../pki/ca-rotation-state.ts'

/** Placeholder for the CA that doesn't exist yet. */
const NEW_CA = '-----BEGIN CERTIFICATE-----\nbm90IHlldA==\n-----END CERTIFICATE-----\n'

const OLD: CertificateFault = { code: 'old-issuer', message: 'is from the other CA' }

/** Both CAs are known, and every certificate is still from the old one. */
export async function beforeIssuing(session: Session, observed: Observed): Promise<Observed> {
  const { cluster, signal } = session
  const fresh = ownCa(cluster) === undefined ? await (await session.authority()).chain(signal) : undefined
  const bundle = [fresh ?? NEW_CA, ...trustedByMembers(observed)].join('')
  const authority = { ...(await authorityOf(cluster, fresh)), bundle }
  return { ...observed, authority, certificates: allFrom(cluster, observed, OLD) }
}

/** Only the CA that signs now. */
export async function afterDropping(session: Session, observed: Observed): Promise<Observed> {
  const bundle = await (await session.authority()).chain(session.signal)
  return { ...observed, authority: await authorityOf(session.cluster, bundle) }
}

export interface TurnedBack {
  readonly observed: Observed
  /** The same state at the end of this plan, with only the old CA. */
  readonly dropped: (back: Plan) => Observed
}

/** The old CA signs again. What the new CA issued is now old, and the other way round. */
export async function afterIssuing(session: Session, observed: Observed): Promise<TurnedBack> {
  const { cluster, signal } = session
  const both = (await readTrustFile(trustFile(cluster.stateDirectory))) ?? ''
  const present = await (await session.authority()).chain(signal)
  if (firstFingerprint(both) === firstFingerprint(present)) {
    // It already does: an interrupted run got that far.
    return { observed, dropped: (back) => endOf(cluster, observed, back, present) }
  }
  const certificates = Object.fromEntries(
    Object.entries(observed.certificates).map(([host, own]) => [
      host,
      Object.fromEntries(
        Object.entries(own).map(([name, faults]) => {
          const old = faults.some(({ code }) => code === 'old-issuer')
          const others = faults.filter(({ code }) => code !== 'old-issuer')
          return [name, old ? others : [...others, OLD]]
        }),
      ),
    ]),
  )
  const old = without(both, present)
  const authority = await authorityOf(cluster, `${old}${present}`)
  const turned = { ...observed, authority, certificates }
  return { observed: turned, dropped: (back) => endOf(cluster, turned, back, old) }
}

/** The end state of a plan, with one bundle only. */
function endOf(cluster: Cluster, begin: Observed, { waves }: Plan, bundle: string): Observed {
  const end = waves.flat().reduce((state, step) => predict(cluster, state, step), begin)
  return { ...end, authority: { ...end.authority, bundle } }
}

/** A rotation may start only if nothing else has to be done, so that its changes are due to the rotation alone. */
export function requireBeginning({ cluster, now }: Session, observed: Observed): void {
  const own = ownCa(cluster) !== undefined
  const { tooWeak = [] } = observed.authority
  if (tooWeak.length > 0) {
    throw new QuorateError('pki', tooWeak.join('\n'), {
      id: 'still-a-weak-ca',
      hint: `set a stronger CA in ${cluster.file} (pki.authority), then run quorate certs rotate-ca`,
    })
  }
  requireTrust(cluster, observed)
  const foreign = etcdNodes(cluster).filter(({ name }) => isFromElsewhere(observed, name))
  // The cluster file names the new external CA, which no member knows yet.
  if (!own && foreign.length > 0) return
  if (own && foreign.length === etcdNodes(cluster).length) {
    // For two CAs that quorate created, it can't be determined which is the later one: the directory may be an old
    // copy.
    throw new QuorateError(
      'blocked',
      `the CA of the members' certificates was not found in ${cluster.stateDirectory}`,
      {
        id: 'ca-of-the-members-is-missing',
        hint: `if quorate created it on another workstation, copy the state directory from that one. If it is an external CA, set the new external CA in ${cluster.file} (pki.authority)`,
      },
    )
  }
  if (unretired(cluster) === 'previous' || isStrangeTrusted(observed)) {
    throw new QuorateError(
      'blocked',
      'the previous CA rotation is not complete: members still trust the old CA',
      { hint: 'complete that rotation first: quorate certs rotate-ca --finish' },
    )
  }
  if (!own) {
    throw new QuorateError('usage', 'all certificates are already from the CA in the cluster file', {
      hint: `set the new CA in ${cluster.file} (pki.authority), keep the old one, and rerun the command`,
    })
  }
  const { waves, blocked } = plan(applyIntent(cluster, now()), observed)
  if (blocked.length > 0) throw blockedError(blocked)
  if (waves.length === 0) return
  throw new QuorateError('blocked', "can't rotate the CA: the cluster has other pending changes", {
    hint: 'review them with quorate plan, then run quorate apply',
  })
}

/** A CA is rotated only while members can connect to each other and to quorate. @throws QuorateError `blocked` */
function requireTrust(cluster: Cluster, observed: Observed): void {
  const { expired } = observed.authority
  if (expired !== undefined) throw blockedError([expired])
  const lost = etcdNodes(cluster).filter(({ name }) => {
    const state = observed.hosts[name]?.member
    return state !== undefined && trustsNobody(observed, state)
  })
  if (lost.length === 0) return
  const names = lost.map(({ name }) => name).join(', ')
  throw new QuorateError('blocked', `members trust only expired CAs: ${names}`, {
    hint: 'activate the current CA without a rotation: quorate apply',
  })
}

/** Issued by a CA that this workstation doesn't know. */
function isFromElsewhere({ certificates }: Observed, name: string): boolean {
  return Object.values(certificates[name] ?? {}).some((faults) =>
    faults.some(({ code }) => code === 'issuer'),
  )
}

/** @throws QuorateError `blocked` if a certificate is still from the old CA, or there is no rotation to finish */
export function requireEnding({ cluster }: Session, observed: Observed, isThere: boolean): void {
  if (!isThere && !isStrangeTrusted(observed)) {
    throw new QuorateError('blocked', 'no CA rotation is in progress', {
      hint: 'start one: quorate certs rotate-ca',
    })
  }
  requireTrust(cluster, observed)
  const faultsThere = (name: string) =>
    Object.values(withoutUnsigned(observed).certificates[name] ?? {}).flatMap((faults) => faults)
  const waiting = etcdNodes(cluster).filter(({ name }) => faultsThere(name).length > 0)
  // The signing CA issued these certificates only after every member trusted it.
  const names = waiting.map(({ name }) => name)
  if (names.length === 0) return
  // A rotation can continue only if there is one, and nothing else has to be done.
  const old = isUnderWay(cluster)
  throw new QuorateError(
    'blocked',
    old
      ? `can't remove the old CA yet: ${names.join(', ')} still ${plural(names.length, 'needs', 'need')} it`
      : `can't remove the old CA yet: renew the certificates of ${names.join(', ')} first`,
    {
      hint: old
        ? 'continue the rotation: quorate certs rotate-ca'
        : 'run quorate certs renew, then rerun the command',
    },
  )
}

/** Some member trusts a CA that this workstation doesn't know any more. */
function isStrangeTrusted({ hosts, authority }: Observed): boolean {
  const known = fingerprintsOf(authority.bundle ?? '')
  return Object.values(hosts).some(({ member }) => {
    const marks = member?.unit.environment?.[TRUST_MARK]?.split(',') ?? []
    return marks.some((one) => !known.includes(one))
  })
}

/** A missing name stays missing, whatever the CA. */
function allFrom(cluster: Cluster, observed: Observed, fault: CertificateFault): Observed['certificates'] {
  const names = certificateNames(cluster)
  const lacking = (host: string, name: CertificateName) =>
    faultsOf(observed, host, name).filter(({ code }) => code.startsWith('member-name'))
  return Object.fromEntries(
    Object.keys(observed.certificates).map((host) => [
      host,
      Object.fromEntries(names.map((name) => [name, [fault, ...lacking(host, name)]])),
    ]),
  )
}

/** Certificates in the first PEM text that are not in the second. */
function without(both: string, present: string): string {
  const known = fingerprintsOf(present)
  const blocks = both.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []
  return blocks.filter((block) => !fingerprintsOf(block).every((one) => known.includes(one))).join('')
}
