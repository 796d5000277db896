/** A certificate authority, whatever its location: what the planner and the commands know about it. */
import type { AllowedNames } from './names.ts'
import type { Profile } from './profile.ts'

export interface Authority {
  readonly home: 'local' | 'host' | 'offline'
  /**
   * The issuing CA's certificate first, then each one's issuer up to the root, as far as known (PEM). etcd trusts every
   * certificate in it. A local CA is created on first use.
   */
  chain(signal?: AbortSignal): Promise<string>
  /**
   * What members and clients must trust (PEM): the chain first, and during a rotation the other CA after it.
   * It is `ca.crt` on the nodes.
   */
  trust(signal?: AbortSignal): Promise<string>
  /** `issueMany` for a single request. */
  issue(request: IssueRequest, signal?: AbortSignal): Promise<IssuedCertificate>
  /**
   * Checks every request (`checkCsr`) and signs them, all or none, in the given order. Signs nothing if one is bad.
   * @throws QuorateError `pki` naming what is wrong with which request, or with the CA
   */
  issueMany(requests: readonly IssueRequest[], signal?: AbortSignal): Promise<readonly IssuedCertificate[]>
}

export interface IssueRequest {
  readonly csrPem: string
  readonly profile: Profile
  /** The exact names of the certificate; a request for more or fewer names is refused. */
  readonly allowed: AllowedNames
  /** Accepts a certificate without the peer name if the CA issues no other. */
  readonly mayLackMemberName?: boolean | undefined
  readonly days: number
  /** The node's name, or the client's. */
  readonly subjectCommonName: string
  /** Groups in Kubernetes: the subject's organizations, in this order. None by default. */
  readonly organizations?: readonly string[] | undefined
}

export interface IssuedCertificate {
  /** The certificate with its chain appended (PEM), as etcd's `--cert-file` expects it. */
  readonly pem: string
  /** What the operator should know: a shortened validity, a shared root. */
  readonly warnings: readonly string[]
}

/** Asks the operator for a passphrase; `purpose` completes 'Passphrase of …'. */
export type AskPassphrase = (purpose: string, signal?: AbortSignal) => Promise<string>

/**
 * How far clocks may differ. Validity starts this long before now, and a certificate whose validity starts within it
 * counts as valid.
 */
export const CLOCK_TOLERANCE_MS = 5 * 60_000

export const DAY_MS = 86_400_000
