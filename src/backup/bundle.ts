/**
 * The format of a backup: one file from which, with one secret, everything can be recreated. It is a tar archive,
 * compressed with zstd and encrypted with age. Each layer can be undone by hand with the tool of that name.
 */
import * as z from 'zod'
import { parseJson } from './json.ts'

export const ENTRIES = {
  about: 'about.json',
  clusterFile: 'cluster.yaml',
  /** The certificates of the CA, or of the CAs, that members and clients trust. */
  trust: 'pki/trust.crt',
  /**
   * The CA's private key (PEM), encrypted again for the same secret: the program that makes the bundle may not be
   * allowed to read it.
   */
  caKey: 'pki/ca-key.age',
  /** Kubernetes' CAs and keys (JSON), encrypted again in the same way as the CA's key. */
  kubernetesKeys: 'kubernetes/keys.age',
  /** With etcd's checksum at its end, as `etcdutl snapshot restore` expects it. */
  snapshot: 'snapshot.db',
  proof: 'proof.json',
} as const

/** Revisions and hashes can exceed the range of JSON numbers, so they are strings of digits. */
const digits = z.string().regex(/^\d+$/)
const hex = z.string().regex(/^[0-9a-f]+$/)

/** Known before the snapshot is taken. */
export const aboutSchema = z.object({
  format: z.literal(1),
  /** The cluster's name and, in hexadecimal, its ID. */
  cluster: z.string(),
  clusterId: hex,
  /** ISO 8601, UTC. */
  takenAt: z.iso.datetime(),
  /** The node whose member it is from. */
  member: z.string(),
  /** `3.5.16`: it becomes part of paths and URLs. */
  etcdVersion: z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/),
  /** The etcd nodes of the cluster file. */
  nodes: z.array(z.object({ name: z.string(), address: z.string() })),
  /** From a linearizable read right before the snapshot, which contains everything that was acknowledged until then. */
  readRevision: digits,
})
export type About = z.infer<typeof aboutSchema>

/** Known after the snapshot was received and read: a restored keyspace has to agree with it. */
export const proofSchema = z.object({
  /** Of the snapshot, without etcd's checksum at its end. */
  sha256: hex,
  /** Of the file, with that checksum. */
  sizeBytes: z.number(),
  /**
   * What etcd's own `snapshot status` reports about the file. `totalKey` is only for information: what it counts
   * depends on the version of the tool. Compare `keys`, which every version counts in the same way.
   */
  status: z.object({ hash: digits, revision: digits, totalKey: digits, totalSize: digits }),
  /** Keys alive at that revision, counted by the member; left out if it had been compacted away by then. */
  keys: digits.optional(),
  /** The member's HashKV at that revision. */
  hashKv: z
    // Never compacted: etcd says -1.
    .object({ revision: digits, compactRevision: z.string().regex(/^-?\d+$/), hash: digits })
    .optional(),
})
export type Proof = z.infer<typeof proofSchema>

/** Stored next to a bundle in its backup location, as `<name>.json`. It contains no secret, and no restore relies on it. */
export const sideFileSchema = z.object({
  about: aboutSchema,
  proof: proofSchema,
  sealed: z.enum(['recipients', 'passphrase', 'plaintext']),
  /** age's public keys. */
  recipients: z.array(z.string()),
  /** Whether the CA's key is in it. */
  caKey: z.boolean(),
  /** Whether Kubernetes' CAs and keys are in it; left out if none were available. */
  kubernetesKeys: z.boolean().optional(),
  /** Of the bundle itself, as stored. */
  bundle: z.object({ sizeBytes: z.number(), sha256: hex }),
})
export type SideFile = z.infer<typeof sideFileSchema>

/** undefined: missing or invalid. */
export function parseSideFile(text: string | undefined): SideFile | undefined {
  return sideFileSchema.safeParse(parseJson(text)).data
}
