/** The record of a backup that passed a test restore: `<name>.proven.json`. */
import * as z from 'zod'
import { type Signer, checkSignature } from '../signing/ssh-keygen.ts'
import { parseJson } from './json.ts'
import { parseBundleName } from './names.ts'
import type { TrustedSigners } from './trusted.ts'

const digits = z.string().regex(/^\d+$/)

const factsSchema = z.object({
  /** ISO 8601, UTC. */
  provenAt: z.iso.datetime(),
  /** The name of the workstation or node that restored it. */
  by: z.string(),
  /** The version of etcd that it was restored with. */
  etcdVersion: z.string(),
  /** Of the bundle, hex: another file of this name has not been restored. */
  sha256: z.string().regex(/^[0-9a-f]+$/),
  /** Alive at that revision, counted in the restored keyspace. */
  keys: digits,
  revision: digits,
  /** HashKV of the restored keyspace; undefined: it could not be compared. */
  hash: digits.optional(),
  /** The bundle's. Left out: this record is unsigned. */
  name: z.string().optional(),
  /** `operator@prod` */
  signedBy: z.string().optional(),
})

const provenSchema = factsSchema.extend({
  /** OpenSSH's, over the facts as JSON in one line and in this order. */
  signature: z.string().optional(),
})
export type Proven = z.infer<typeof provenSchema>

/** undefined: missing or invalid. */
export function parseProven(text: string | undefined): Proven | undefined {
  return provenSchema.safeParse(parseJson(text)).data
}

/** @param name the bundle's @throws QuorateError `state` if the key can't be used */
export async function signProven(
  proven: Proven,
  name: string,
  signer: Signer,
  signal?: AbortSignal,
): Promise<Proven> {
  const facts = { ...proven, name, signedBy: signer.principal }
  return { ...facts, signature: await signer.sign(signedText(facts), signal) }
}

/** A record counts only if an allowed signer of backups has signed it. */
export interface ProvenTrust {
  readonly signers: TrustedSigners
  /** Absolute path of a private directory for the files that ssh-keygen reads. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
}

/** Whether an allowed signer of this cluster's backups has signed the record that this backup was restored. */
export async function isVouched(name: string, proven: Proven, trust: ProvenTrust): Promise<boolean> {
  const { signedBy = '', signature, provenAt } = proven
  const cluster = parseBundleName(name)?.cluster
  const { text: allowed } = trust.signers
  if (allowed === undefined || signature === undefined || cluster === undefined) return false
  if (proven.name !== name || signedBy !== `operator@${cluster}`) return false
  const { folder, signal } = trust
  const asked = { text: signedText(proven), signature, principal: signedBy, at: new Date(provenAt) }
  return (await checkSignature({ ...asked, allowed, folder, signal })).kind === 'good'
}

function signedText(proven: Proven): string {
  return `${JSON.stringify(factsSchema.parse(proven))}\n`
}
