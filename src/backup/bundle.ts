/**
 * What a backup is: one file from which, with one secret, everything can be made again. A tar archive, packed with
 * zstd, encrypted with age; each of the three can be undone by hand with the tool of that name.
 */
import * as z from 'zod'
import { parseJson } from './json.ts'

/** The entries, in their order. */
export const ENTRIES = {
  about: 'about.json',
  clusterFile: 'cluster.yaml',
  /** The certificates of the CA, or of the CAs, that members and clients trust. */
  trust: 'pki/trust.crt',
  /** The CA's private key (PEM), encrypted once more for the same secret: whoever makes the bundle may not have it open. */
  caKey: 'pki/ca-key.age',
  /** Kubernetes' CAs and keys (JSON), encrypted once more as the CA's key is. */
  kubernetesKeys: 'kubernetes/keys.age',
  /** With etcd's sum at its end, as `etcdutl snapshot restore` takes it. */
  snapshot: 'snapshot.db',
  proof: 'proof.json',
} as const

/** Revisions and hashes are beyond what JSON's numbers hold for certain: texts of digits. */
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
  /** Of a linearizable read right before: all that was acknowledged until then is in it. */
  readRevision: digits,
})
export type About = z.infer<typeof aboutSchema>

/** Known once it is there and was read: what a restored store has to agree with. */
export const proofSchema = z.object({
  /** Of the snapshot without etcd's sum at its end. */
  sha256: hex,
  /** Of the file, with that sum. */
  sizeBytes: z.number(),
  /**
   * What etcd's own `snapshot status` says of the file. `totalKey` is information alone: what it counts depends on the
   * version of the tool. The count to compare is `keys`, which every version counts alike.
   */
  status: z.object({ hash: digits, revision: digits, totalKey: digits, totalSize: digits }),
  /** Keys alive at that revision, counted by the member; left out: it had been compacted away by then. */
  keys: digits.optional(),
  /** The member's HashKV at that revision. */
  hashKv: z
    // Never compacted: etcd says -1.
    .object({ revision: digits, compactRevision: z.string().regex(/^-?\d+$/), hash: digits })
    .optional(),
})
export type Proof = z.infer<typeof proofSchema>

/** Beside a bundle in its store, as `<name>.json`: nothing of it is secret, and nothing is restored on its word. */
export const sideFileSchema = z.object({
  about: aboutSchema,
  proof: proofSchema,
  sealed: z.enum(['recipients', 'passphrase', 'plaintext']),
  /** age's public keys. */
  recipients: z.array(z.string()),
  /** Whether the CA's key is in it. */
  caKey: z.boolean(),
  /** Whether Kubernetes' CAs and keys are in it; left out: there were none to be had. */
  kubernetesKeys: z.boolean().optional(),
  /** Of the bundle itself, as it lies in the store. */
  bundle: z.object({ sizeBytes: z.number(), sha256: hex }),
})
export type SideFile = z.infer<typeof sideFileSchema>

/** undefined: there is none, or what is there is none. */
export function parseSideFile(text: string | undefined): SideFile | undefined {
  return sideFileSchema.safeParse(parseJson(text)).data
}
