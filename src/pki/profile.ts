/** What a certificate may be used for. */
import type { KeyObject } from 'node:crypto'

/**
 * - `member`: everything a member needs, in one certificate (the default layout)
 * - `peer`: between members; each is server and client to the others
 * - `server`: for clients; also with clientAuth, because etcd's gRPC gateway connects to its own member with it
 * - `client`: only connects: an operator, an API server, flannel
 * - `serving`: only accepts connections: Kubernetes' API servers and kubelets
 */
export type Profile = 'member' | 'peer' | 'server' | 'client' | 'serving'

export type ExtendedUsage = 'serverAuth' | 'clientAuth'

const BOTH: readonly ExtendedUsage[] = ['clientAuth', 'serverAuth']

/** The extended key usages of each profile. */
export const EXTENDED_USAGES: Readonly<Record<Profile, readonly ExtendedUsage[]>> = {
  member: BOTH,
  peer: BOTH,
  server: BOTH,
  client: ['clientAuth'],
  serving: ['serverAuth'],
}

/** Whether a member presents it to its peers: it contains the peer name. */
export function isMembers(profile: Profile): boolean {
  return profile === 'member' || profile === 'peer'
}

export const USAGE_OIDS: Readonly<Record<ExtendedUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ecdsa-p256',
  secp384r1: 'ecdsa-p384',
  secp521r1: 'ecdsa-p521',
}

/** A key's algorithm as in the cluster file, `ecdsa-p256` or `rsa-3072`; others by their own name: `ed25519`. */
export function keyAlgorithmName(key: KeyObject): string {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') return `rsa-${details?.modulusLength ?? 0}`
  if (key.asymmetricKeyType === 'ec') {
    const curve = details?.namedCurve ?? 'unknown'
    return CURVES[curve] ?? `ec-${curve}`
  }
  return key.asymmetricKeyType ?? 'unknown'
}

/** Whether a certificate's key is strong enough for TLS 1.3: ECDSA from P-256, RSA from 2048 bits. */
export function isStrongKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') {
    return (details?.modulusLength ?? 0) >= 2048 && (details?.publicExponent ?? 0n) >= 65_537n
  }
  return key.asymmetricKeyType === 'ec' && (details?.namedCurve ?? '') in CURVES
}
