/** A certificate authority, wherever it is: what the planner and the commands know about it. */
import type { AllowedNames } from './names.ts'
import type { Profile } from './profile.ts'

export interface Authority {
  readonly home: 'local' | 'host' | 'offline'
  /**
   * The issuing CA's certificate first, then each one's issuer up to the root, as far as they are known (PEM).
   * Every certificate in it is a trust anchor of etcd. A local CA is made on first use.
   */
  chain(signal?: AbortSignal): Promise<string>
  /**
   * What members and clients must trust (PEM): the chain first, and during a rotation the other CA after it.
   * It is `ca.crt` on the nodes.
   */
  trust(signal?: AbortSignal): Promise<string>
  /** As `issueMany` for one. */
  issue(request: IssueRequest, signal?: AbortSignal): Promise<IssuedCertificate>
  /**
   * Checks every request (`checkCsr`) and signs them, all or none, in the order given; nothing is signed if one is bad.
   * @throws QuorateError `pki` naming what is wrong with which request, or with the CA
   */
  issueMany(requests: readonly IssueRequest[], signal?: AbortSignal): Promise<readonly IssuedCertificate[]>
}

export interface IssueRequest {
  readonly csrPem: string
  readonly profile: Profile
  /** What the certificate will carry, exactly; a request that asks for more, or for less, is refused. */
  readonly allowed: AllowedNames
  /** A certificate without the peer name is accepted if the CA issues no other. */
  readonly mayLackMemberName?: boolean | undefined
  readonly days: number
  /** The node's name, or the client's. */
  readonly subjectCommonName: string
  /** Groups, as Kubernetes has them: the subject's organizations, in this order. None unless given. */
  readonly organizations?: readonly string[] | undefined
}

export interface IssuedCertificate {
  /** The certificate with its chain appended (PEM), as etcd's `--cert-file` takes it. */
  readonly pem: string
  /** What the operator should know: a shortened validity, a shared root. */
  readonly warnings: readonly string[]
}

/** Asks the operator for a passphrase; `purpose` completes 'Passphrase of …'. */
export type AskPassphrase = (purpose: string, signal?: AbortSignal) => Promise<string>

/**
 * How far clocks may differ: validity begins this long before now, and a certificate that begins within it
 * counts as valid.
 */
export const CLOCK_TOLERANCE_MS = 5 * 60_000

export const DAY_MS = 86_400_000
