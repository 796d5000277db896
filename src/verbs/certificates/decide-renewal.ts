/**
 * Renews leaf certificates of running members without a restart: etcd reads certificate and key at every handshake.
 * Touches nothing else, whatever the cluster file asks for.
 */
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import { type MemberState, PATHS } from '../../host/state.ts'
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import { certificateNames, faultsOf } from '../../tiers/etcd/plan/certificates.ts'
import { issueStep } from '../../tiers/etcd/steps/certificates.ts'
import type { CertificateFault, Observed } from '../../tiers/etcd/facts/observed.ts'
import { isStuck, withoutUnsigned } from '../../tiers/etcd/plan/peer-identity.ts'
import { parsePin, runElsewhere } from '../../tiers/etcd/facts/pin.ts'
import { keySteps } from '../../tiers/etcd/plan/prepare.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { CertificateName } from '../../tiers/etcd/certificate-name.ts'
import type { HostStep, Next } from '../../tiers/etcd/steps/steps.ts'
import { isTokenOf } from '../../tiers/etcd/plan/token.ts'
import { trustsNobody } from '../../tiers/etcd/plan/trust.ts'

/** Which certificates to renew. That depends on the clock, so it is decided beforehand. */
export interface RenewIntent {
  readonly kind: 'renew'
  readonly cluster: Cluster
  readonly due: readonly DueCertificate[]
}

export interface DueCertificate {
  /** The node's name. */
  readonly host: string
  readonly name: CertificateName
  /**
   * The certificate to replace (PEM): while it is still on the node, the work is not done. undefined: there is none.
   */
  readonly pem: string | undefined
  /** Completes 'because it …': `is 245 of 365 days old`. */
  readonly why: string
}

/** Everything with a certificate that is due. */
export interface AllDue {
  readonly intent: RenewIntent
  /** Names of clients whose keys are on this workstation. */
  readonly clients: readonly string[]
  /** The certificate of the backup schedule to replace (PEM). */
  readonly schedule: { readonly pem: string } | undefined
}

/** Whether the same certificates are due. Their ages in whole days may have changed. */
export function sameDue(shown: AllDue, now: AllDue): boolean {
  const essence = ({ intent, clients, schedule }: AllDue) => {
    const members = intent.due.map(({ host, name, pem }) => [host, name, pem])
    return JSON.stringify([members, clients, schedule?.pem])
  }
  return essence(shown) === essence(now)
}

/** Level-triggered like `next`: a node with another certificate than the due one is done. */
export function nextRenewal({ cluster, due }: RenewIntent, looked: Observed): Next {
  const left = due.filter(({ host, name, pem }) => presentPem(looked, host, name) === pem)
  const nodes = etcdNodes(cluster).filter((node) => left.some(({ host }) => host === node.name))
  const stuck = left.length > 0 && isStuck(cluster, looked) ? [MEMBER_NAME_FORBIDDEN] : []
  const reasons = [...stuck, ...nodes.flatMap((node) => renewalReasons(cluster, looked, node.name))]
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  const observed = withDue(cluster, withoutUnsigned(looked), left)
  const requests = nodes.flatMap((node): HostStep[] => {
    const state = observed.hosts[node.name]?.member
    return state === undefined ? [] : keySteps(cluster, node, observed, state)
  })
  if (requests.length > 0) return { kind: 'steps', steps: requests }
  const names = certificateNames(cluster)
  const steps = nodes.map((node) => {
    const faults = names.flatMap((name) => faultsOf(observed, node.name, name))
    return issueStep(node.name, names, faults)
  })
  return steps.length > 0 ? { kind: 'steps', steps } : { kind: 'done' }
}

const MEMBER_NAME_FORBIDDEN: BlockReason = {
  message:
    "members accept peers only by the members' name, which the current CA's name constraints forbid: new certificates would lock members out",
  hint: 'run quorate apply first, which removes that requirement from the members',
}

function presentPem(observed: Observed, host: string, name: CertificateName): string | undefined {
  return observed.hosts[host]?.member?.tls.certificates[name]?.pem
}

/** The same observation, with the due certificates listed among the certificates' faults. */
function withDue({ pki }: Cluster, observed: Observed, due: readonly DueCertificate[]): Observed {
  const certificates = { ...observed.certificates }
  // A certificate from an offline CA is found by its key: for the same key, quorate would find the old one again.
  const code = pki.authority.home === 'offline' ? 'due-with-key' : 'due'
  for (const { host, name, why } of due) {
    if (faultsOf(observed, host, name).length > 0) continue
    const fault: CertificateFault = { code, message: why }
    certificates[host] = { ...certificates[host], [name]: [fault] }
  }
  return { ...observed, certificates }
}

/** quorate renews only on the cluster's own nodes, and only with a CA that the other members trust. */
function renewalReasons(cluster: Cluster, observed: Observed, host: string): BlockReason[] {
  const state = observed.hosts[host]?.member
  if (state === undefined || !isOurs(cluster, state)) {
    const message = 'node never belonged to this cluster: quorate has no certificate to renew on it'
    return [{ id: 'not-of-this-cluster', host, message, hint: 'set it up: quorate apply' }]
  }
  const { runBy } = parsePin(state.contents[PATHS.clusterId] ?? '') ?? {}
  if (runBy !== undefined) return [runElsewhere(host, runBy)]
  const codes = certificateNames(cluster).flatMap((name) =>
    faultsOf(observed, host, name).map(({ code }) => code),
  )
  if (trustsNobody(observed, state)) {
    const message = 'the member trusts only expired CAs, and reads a new one only at a restart'
    return [
      {
        id: 'trusted-cas-have-expired',
        host,
        message,
        hint: 'issue the certificates and restart the members: quorate apply',
      },
    ]
  }
  if (codes.includes('old-issuer')) {
    const message = 'the certificate of the member is from the old CA, and the CA rotation is not complete'
    return [
      {
        id: 'rotation-is-not-complete',
        host,
        message,
        hint: 'continue the rotation, which issues new certificates: quorate certs rotate-ca',
      },
    ]
  }
  if (!codes.includes('issuer')) return []
  const message = 'the certificate of the member is from a CA other than the current one'
  const hint =
    'if the CA was misplaced, put it back; to rotate the CA, run quorate certs rotate-ca (peers may not trust the current CA yet)'
  return [{ id: 'certificate-of-another-ca', host, message, hint }]
}

function isOurs(cluster: Cluster, { contents, unit }: MemberState): boolean {
  const pin = contents[PATHS.clusterId]
  if (pin !== undefined) return parsePin(pin)?.cluster === cluster.name
  const file = contents[PATHS.environment]
  const environment = file === undefined ? (unit.environment ?? {}) : parseEnvironmentFile(file)
  return isTokenOf(cluster.name, environment['ETCD_INITIAL_CLUSTER_TOKEN'])
}
