/** One certificate of a list, with the values from its file. */
import { describe } from '../../pki/certificate.ts'
import { parseCertificates } from '../../pki/chain.ts'
import { weaknesses } from '../../pki/strength.ts'

/** Stable and documented in docs/reference/commands.md. null: unknown, because the file can't be read. */
export interface ListedCertificate {
  /** The node, `CA`, or a client's name. */
  readonly owner: string
  readonly kind: 'member' | 'ca' | 'client' | 'kubernetes'
  /** The node that has the file; null: this workstation. */
  readonly host: string | null
  readonly file: string
  /** `waiting`: there is a key and a request, but no certificate yet. */
  readonly state: 'present' | 'waiting' | 'unreadable'
  readonly commonName: string | null
  readonly dns: readonly string[]
  readonly ips: readonly string[]
  /** On one line, `CN=…`. */
  readonly issuer: string | null
  /** Upper-case hexadecimal. */
  readonly serial: string | null
  /** ISO 8601, UTC. */
  readonly notBefore: string | null
  readonly notAfter: string | null
  /** Whole days, rounded down; negative: expired. */
  readonly daysLeft: number | null
  /** Weaknesses of the certificate, each completing 'it …'; empty: none. */
  readonly weaknesses: readonly string[]
}

export type Origin = Pick<ListedCertificate, 'owner' | 'kind' | 'host' | 'file'>

/** For a file that can't be read. */
export const NOTHING = {
  commonName: null,
  dns: [],
  ips: [],
  issuer: null,
  serial: null,
  notBefore: null,
  notAfter: null,
  daysLeft: null,
  weaknesses: [],
}

export function listed(origin: Origin, pem: string, now: Date): ListedCertificate {
  try {
    const [certificate] = parseCertificates(pem, origin.file)
    const facts = describe(certificate)
    return {
      ...origin,
      state: 'present',
      commonName: facts.commonName,
      dns: facts.sans.dns,
      ips: facts.sans.ips,
      issuer: facts.issuer,
      serial: facts.serial,
      notBefore: facts.notBefore.toISOString(),
      notAfter: facts.notAfter.toISOString(),
      daysLeft: facts.daysLeft(now),
      weaknesses: weaknesses(certificate),
    }
  } catch {
    // An unreadable file is part of the answer. `apply` reports its cause.
    return { ...origin, ...NOTHING, state: 'unreadable' }
  }
}
