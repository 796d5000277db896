/** The CAs that members and clients trust: the signing one, and during a rotation the other one too. */
import path from 'node:path'
import { readText } from '../files/read-file.ts'
import type { Authority } from './authority.ts'
import { chainPem, parseCertificates } from './chain.ts'

/** Both CAs (PEM) during a rotation, while both are trusted; missing at any other time. */
export function trustFile(stateDirectory: string): string {
  return path.join(stateDirectory, 'ca.trusted.crt')
}

/** The same authority, whose trust also contains the CAs in the file. */
export function withTrust(authority: Authority, file: string): Authority {
  return {
    ...authority,
    trust: async (signal) => {
      const [chain, others] = await Promise.all([authority.chain(signal), readTrustFile(file)])
      return others === undefined ? chain : bundleOf(chain, others)
    },
  }
}

/** undefined: no rotation is in progress. */
export async function readTrustFile(file: string): Promise<string | undefined> {
  try {
    return await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Every certificate of these texts once, in order. @throws QuorateError `pki` if one can't be read */
export function bundleOf(...texts: readonly string[]): string {
  const certificates = texts.flatMap((text) => parseCertificates(text, 'the trusted CAs'))
  const seen = new Set<string>()
  return chainPem(
    certificates.filter(({ fingerprint256 }) => {
      if (seen.has(fingerprint256)) return false
      seen.add(fingerprint256)
      return true
    }),
  )
}
