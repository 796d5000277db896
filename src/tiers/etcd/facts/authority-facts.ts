/** Facts about the CA for the planner, judged from its certificates. */
import type { X509Certificate } from 'node:crypto'
import type { AuthorityFacts } from './observed.ts'
import { UNKNOWN_YET } from './unknown.ts'
import { signingChain } from '../../../pki/chain.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'

/** The OID of name constraints (2.5.29.30) in DER: few CAs have them, and without the OID no more checks are needed. */
const NAME_CONSTRAINTS = Buffer.from('0603551d1e', 'hex')

/** @param bundle the trust bundle (PEM); undefined or `UNKNOWN_YET`: there is no CA yet, and it will forbid nothing */
export async function authorityOf(
  { name }: Pick<Cluster, 'name'>,
  bundle: string | undefined,
): Promise<AuthorityFacts> {
  if (bundle === undefined || bundle === UNKNOWN_YET) return { bundle }
  const chain = signingChain(bundle)
  const constrained = chain.some((certificate: X509Certificate) => certificate.raw.includes(NAME_CONSTRAINTS))
  if (!constrained) return { bundle }
  const { mayBeNamed } = await import('../../../pki/ca-check.ts')
  return { bundle, forbidsMemberName: !mayBeNamed(chain, memberName(name)) }
}
