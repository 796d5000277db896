/**
 * Parts of backups as `--json` shows them. They are written out because schemas are generated from types, and data from
 * a backup location gets its type from a parser.
 */
import type { BundleSigner } from '../../backup/trusted.ts'
import type { DrillReport } from '../../verbs/backup/drill.ts'
import type { ErrorJson } from './error-json.ts'

export interface AboutJson {
  /** Of the bundle. */
  readonly format: 1
  readonly cluster: string
  /** Hexadecimal. */
  readonly clusterId: string
  /** ISO 8601, UTC. */
  readonly takenAt: string
  /** The node whose member it is from. */
  readonly member: string
  readonly etcdVersion: string
  /** The etcd nodes of the cluster file. */
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  /** In digits, of a linearizable read right before: every write that was acknowledged by then is in the backup. */
  readonly readRevision: string
}

/** What a restored keyspace has to agree with. */
export interface ProofJson {
  /** Hex, of the snapshot without the checksum that etcd appends. */
  readonly sha256: string
  /** Of the file, with that checksum. */
  readonly sizeBytes: number
  /** What etcd's `snapshot status` reports, each in digits. */
  readonly status: {
    readonly hash: string
    readonly revision: string
    readonly totalKey: string
    readonly totalSize: string
  }
  /** In digits: keys alive at that revision. Missing: it had been compacted away. */
  readonly keys?: string | undefined
  /** The member's HashKV at that revision, in digits. */
  readonly hashKv?:
    | { readonly revision: string; readonly compactRevision: string; readonly hash: string }
    | undefined
}

export interface BackupJson {
  /** Its name in the backup location. */
  readonly name: string
  /** The backup location. */
  readonly store: string
  readonly about: AboutJson
  readonly proof: ProofJson
  readonly sealed: 'recipients' | 'passphrase' | 'plaintext'
  /** Public keys of age. */
  readonly recipients: readonly string[]
  /** Whether the key of the CA is in it. */
  readonly caKey: boolean
  /** Whether the CAs and keys of Kubernetes are in it. Missing: there were none. */
  readonly kubernetesKeys?: boolean | undefined
  /** Of the file in the backup location. */
  readonly bundle: { readonly sizeBytes: number; readonly sha256: string }
}

/** The record of a test restore that succeeded. */
export interface ProvenJson {
  /** ISO 8601, UTC. */
  readonly provenAt: string
  /** Host name of the workstation that did it. */
  readonly by: string
  readonly etcdVersion: string
  /** Hex, of the backup. */
  readonly sha256: string
  /** In digits. */
  readonly keys: string
  readonly revision: string
  readonly hash?: string | undefined
  readonly name?: string | undefined
  readonly signedBy?: string | undefined
  readonly signature?: string | undefined
}

export interface ListedBackupJson {
  readonly name: string
  readonly cluster: string
  /** ISO 8601, UTC. */
  readonly takenAt: string
  /** In digits. */
  readonly revision: string
  readonly sizeBytes: number
  readonly encrypted: boolean
  readonly sealed: 'recipients' | 'passphrase' | 'plaintext' | null
  readonly recipients: readonly string[]
  readonly member: string | null
  readonly etcdVersion: string | null
  readonly caKey: boolean | null
  /** In digits. */
  readonly keys: string | null
  /** ISO 8601, UTC: until then it can't be deleted. */
  readonly lockedUntil: string | null
  /** null: never restore-tested. */
  readonly proven: ProvenJson | null
  readonly troubles: readonly string[]
}

export type VerifiedJson =
  | {
      readonly name: string
      readonly ok: true
      readonly sizeBytes: number
      /** Hex. */
      readonly sha256: string
      readonly encrypted: boolean
      readonly caKey: boolean
      /** null: not signed, or the signature could not be checked, and that was accepted. */
      readonly signer: BundleSigner | null
      readonly about: AboutJson
      readonly proof: ProofJson
      /** null: no test restore was asked for. */
      readonly drill: DrillReport | null
      readonly notes: readonly string[]
    }
  | { readonly name: string; readonly ok: false; readonly error: ErrorJson }

export interface SignerJson {
  readonly principals: string
  readonly publicKey: string
  readonly fingerprint: string
  /** ISO 8601, UTC; null: no end. */
  readonly until: string | null
  readonly revokedAt: string | null
}

export interface BundleJson {
  /** Absolute path. */
  readonly file: string
  /** Hex: what `kubernetes.source.folder.sha256` pins. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Of Kubernetes. */
  readonly version: string
  readonly architectures: readonly ('amd64' | 'arm64')[]
  readonly programs: readonly (Part & { readonly links: readonly string[] })[]
  readonly images: readonly (Part & {
    /** References of the images in it. */
    readonly names: readonly string[]
    /** Nodes of which roles need it. */
    readonly roles: readonly ('master' | 'worker')[]
  })[]
}

interface Part {
  readonly name: string
  readonly arch: 'amd64' | 'arm64'
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
}
