/** What `restore --into` is about to write here, and in what it differs from what is here: shown before anything is. */
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { OpenedBackup } from '../../backup/open.ts'
import type { BundleSigner } from '../../backup/trusted.ts'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { readYaml } from '../../spec/document.ts'

export interface IntoPreview {
  /** Absolute path of the cluster file. */
  readonly file: string
  /** Whether it will be written; one that is there stays. */
  readonly written: boolean
  /** undefined: nobody signed it, and that was accepted. */
  readonly signer: BundleSigner | undefined
  /** Of the cluster file: all that it says where there is none here, else what differs. */
  readonly values: readonly IntoValue[]
  readonly cas: readonly IntoCa[]
}

export interface IntoValue {
  /** `etcd.source.release.mirror` */
  readonly path: string
  /** As JSON, which has no control characters; undefined: it is not there. */
  readonly bundle: string | undefined
  readonly here: string | undefined
  /** From where programs come, how machines are reached, where keys lie: who writes these has the cluster. */
  readonly grave: boolean
}

interface IntoCa {
  /** SHA-256, as openssl shows it. */
  readonly fingerprint: string
  readonly subject: string
  readonly notAfter: string
  /** It is the CA, or one of the CAs, that this computer has for the cluster. */
  readonly known: boolean
}

const GRAVE = /^(?:etcd\.source|ssh|pki\.authority|state|nodes\.[^.]*\.ssh|backup\.store)(?:\.|$)/

/**
 * @param planned the text that will be written; undefined: the file that is there stays
 * @param present the cluster of the file that is there
 * @throws QuorateError `backup` for a cluster file or certificates that can't be read
 */
export async function intoPreview(
  opened: Pick<OpenedBackup, 'name' | 'clusterFile' | 'trustPem' | 'signer'>,
  { into, planned, present }: { into: string; planned: string | undefined; present: Cluster | undefined },
): Promise<IntoPreview> {
  const { name, signer, clusterFile = '', trustPem = '' } = opened
  const bundle = flatten(valuesOf(planned ?? clusterFile, `the cluster file in ${name}`))
  const here = existsSync(into) ? flatten(valuesOf(await readText(into), into)) : undefined
  const paths = [...new Set([...bundle.keys(), ...(here?.keys() ?? [])])]
  const values = paths
    .map((one) => ({ path: one, bundle: bundle.get(one), here: here?.get(one), grave: GRAVE.test(one) }))
    .filter((value) => value.bundle !== value.here)
  const own = present === undefined ? '' : await caHere(present)
  const known = new Set(certificates(own, `the CA of ${into}`).map(({ fingerprint256 }) => fingerprint256))
  const cas = certificates(trustPem, `the CA in ${name}`).map((certificate) => ({
    fingerprint: certificate.fingerprint256,
    subject: shown(certificate.subject),
    notAfter: new Date(certificate.validTo).toISOString(),
    known: known.has(certificate.fingerprint256),
  }))
  return { file: into, written: planned !== undefined, signer, values, cas }
}

async function caHere({ stateDirectory, pki: { authority } }: Cluster): Promise<string> {
  const own = path.join(stateDirectory, 'ca', 'ca.crt')
  const file = authority.home === 'host' ? own : (authority.certificate ?? own)
  return existsSync(file) ? await readText(file) : ''
}

function valuesOf(text: string, what: string): unknown {
  const { data, complaints } = readYaml(text)
  if (data !== undefined) return data
  const [first] = complaints
  throw new QuorateError('backup', `${what} can't be read: ${first?.message ?? 'it is empty'}`)
}

function certificates(pem: string, what: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw QuorateError.from(error, 'backup', `${what} can't be read`)
  }
}

/** As JSON, with all escaped that a terminal would not show as it is. */
function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  return json.replaceAll(
    /[^\x20-\x7e\u00a0-\u1fff\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Every single value by its place; nodes and the like by their names. */
function flatten(value: unknown, at = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    found.set(at, shown(value))
    return found
  }
  for (const [key, child] of Object.entries(value)) {
    const name: unknown = Array.isArray(value) ? (child as { name?: unknown } | null)?.name : undefined
    const step = (typeof name === 'string' ? name : key).replaceAll(/[^\w./:@+-]/g, '?').slice(0, 100)
    flatten(child, at === '' ? step : `${at}.${step}`, found)
  }
  return found
}
