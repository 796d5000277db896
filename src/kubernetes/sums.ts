/** Checksums of Kubernetes' secrets, as a node reports them. */
import { createHash, createPublicKey } from 'node:crypto'
import { spkiSha256 } from '../pki/certificate.ts'
import { parseCertificates } from '../pki/chain.ts'
import type { Bundles } from './authorities.ts'
import type { SecretId } from './secret-files.ts'

export function sumsOf(
  bundles: Bundles,
  { serviceAccountPublicKey, encryptionSum }: { serviceAccountPublicKey: string; encryptionSum: string },
): Readonly<Record<SecretId, string>> {
  const [issuing] = parseCertificates(bundles.kubernetes, "Kubernetes' CA")
  return {
    ca: sha256(bundles.kubernetes),
    'ca-key': spkiSha256(issuing.publicKey),
    'front-proxy-ca': sha256(bundles['front-proxy']),
    'service-account-key': spkiSha256(createPublicKey(serviceAccountPublicKey)),
    'service-account-public-key': sha256(serviceAccountPublicKey),
    encryption: encryptionSum,
    'etcd-ca': sha256(bundles.etcd),
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
