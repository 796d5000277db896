/** Bundles for tests, as `quorate backup` leaves them in a backup location, of a keyspace that never existed in etcd. */
import { createHash } from 'node:crypto'
import type { About, Proof, SideFile } from './bundle.ts'
import type { Signer } from '../signing/ssh-keygen.ts'
import { bundleName } from './names.ts'
import type { Proven } from './proven.ts'
import type { Sealing } from './sealing.ts'
import { writeBundle } from './write.ts'

/** Three pages that start like bbolt's, and etcd's checksum. */
const STORE = Buffer.concat([Buffer.alloc(16), Buffer.from('edda0ced', 'hex'), Buffer.alloc(1536 - 20, 'x')])
const SUM = createHash('sha256').update(STORE).digest()
const SNAPSHOT = Buffer.concat([STORE, SUM])

export const ABOUT: About = {
  format: 1,
  cluster: 'prod',
  clusterId: 'cdf818194e3a8c32',
  takenAt: '2026-11-22T12:00:00.000Z',
  member: 'etcd02',
  etcdVersion: '3.5.16',
  nodes: [{ name: 'etcd02', address: '198.18.9.2' }],
  readRevision: '41',
}
export const PROOF: Proof = {
  sha256: SUM.toString('hex'),
  sizeBytes: SNAPSHOT.length,
  status: { hash: '123', revision: '42', totalKey: '7', totalSize: '1536' },
  keys: '5',
  hashKv: { revision: '42', compactRevision: '-1', hash: '99' },
}

/** The record of a test restore of another file. */
export const PROVEN: Proven = {
  provenAt: '2026-11-22T12:00:00.000Z',
  by: 'here',
  etcdVersion: '3.5.16',
  sha256: 'ab',
  keys: '5',
  revision: '42',
}

export interface BundleFixture {
  readonly data: Buffer
  readonly side: SideFile
}

/** @param changes differences from `ABOUT` and `PROOF`, both in the bundle and in its side file */
export async function bundleFixture(
  sealing: Sealing,
  changes: {
    readonly about?: Partial<About>
    readonly proof?: Partial<Proof>
    /** Unsigned by default, as bundles used to be. */
    readonly signer?: Signer
  } = {},
): Promise<BundleFixture> {
  const about = { ...ABOUT, ...changes.about }
  const proof = { ...PROOF, ...changes.proof }
  const stream = await writeBundle(
    {
      name: bundleName(
        about.cluster,
        new Date(about.takenAt),
        BigInt(about.readRevision),
        sealing.kind !== 'plaintext',
      ),
      about,
      clusterFile: 'name: prod\n',
      trustPem: 'CERTIFICATE',
      caKeySealed: undefined,
      snapshot: {
        sizeBytes: SNAPSHOT.length,
        pieces: inPieces(STORE, SUM),
        fileSha256: () => createHash('sha256').update(SNAPSHOT).digest('hex'),
      },
      prove: async () => proof,
      signer: changes.signer,
    },
    sealing,
  )
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  const data = Buffer.concat(pieces)
  const side: SideFile = {
    about,
    proof,
    sealed: sealing.kind,
    recipients: sealing.kind === 'recipients' ? [...sealing.recipients] : [],
    caKey: false,
    bundle: { sizeBytes: data.length, sha256: createHash('sha256').update(data).digest('hex') },
  }
  return { data, side }
}

export async function* inPieces(...data: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* data
}
