/** What is recorded of a backup that was restored for a trial and held what it should: `<name>.proven.json`. */
import * as z from 'zod'
import { type Signer, checkSignature } from '../signing/ssh-keygen.ts'
import { parseJson } from './json.ts'
import { parseBundleName } from './names.ts'
import type { TrustedSigners } from './trusted.ts'

const digits = z.string().regex(/^\d+$/)

const factsSchema = z.object({
  /** ISO 8601, UTC. */
  provenAt: z.iso.datetime(),
  /** The name of the computer that did it. */
  by: z.string(),
  /** Of the etcd that it was restored with. */
  etcdVersion: z.string(),
  /** Of the bundle, hex: another file of this name is not proven. */
  sha256: z.string().regex(/^[0-9a-f]+$/),
  /** Alive at that revision, counted in the restored store. */
  keys: digits,
  revision: digits,
  /** HashKV of the restored store; undefined: it could not be compared. */
  hash: digits.optional(),
  /** The bundle's. Left out: nobody signed this record. */
  name: z.string().optional(),
  /** `operator@prod` */
  signedBy: z.string().optional(),
})

const provenSchema = factsSchema.extend({
  /** OpenSSH's, of the facts as JSON in one line and in this order. */
  signature: z.string().optional(),
})
export type Proven = z.infer<typeof provenSchema>

/** undefined: there is none, or what is there is none. */
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

/** What a record says counts only if somebody who may sign backups has signed it. */
export interface ProvenTrust {
  readonly signers: TrustedSigners
  /** Absolute path of a private folder, for what ssh-keygen reads. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
}

/** Whether somebody who may sign this cluster's backups has signed that this one was proven. */
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
