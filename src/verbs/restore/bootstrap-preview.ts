/** What `restore --into` will write on the workstation, and how it differs from the present files. Shown before any change. */
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
  /** Whether it will be written; an existing file is kept. */
  readonly written: boolean
  /** undefined: the backup is unsigned, and that was accepted. */
  readonly signer: BundleSigner | undefined
  /** Of the cluster file: all its values if there is none yet, else the differences. */
  readonly values: readonly IntoValue[]
  readonly cas: readonly IntoCa[]
}

export interface IntoValue {
  /** `etcd.source.release.mirror` */
  readonly path: string
  /** As JSON, which has no control characters; undefined: not present. */
  readonly bundle: string | undefined
  readonly here: string | undefined
  /** Where programs come from, how nodes are reached, where keys are: these values control the cluster. */
  readonly grave: boolean
}

interface IntoCa {
  /** SHA-256, as openssl shows it. */
  readonly fingerprint: string
  readonly subject: string
  readonly notAfter: string
  /** It is one of the CAs that this workstation already has for the cluster. */
  readonly known: boolean
}

const GRAVE = /^(?:etcd\.source|ssh|pki\.authority|state|nodes\.[^.]*\.ssh|backup\.store)(?:\.|$)/

/**
 * @param planned the text that will be written; undefined: the existing file is kept
 * @param present the cluster of the existing file
 * @throws QuorateError `backup` for an unreadable cluster file or certificate
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
  throw new QuorateError('backup', `can't read ${what}: ${first?.message ?? 'it is empty'}`)
}

function certificates(pem: string, what: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw QuorateError.from(error, 'backup', `can't read ${what}`)
  }
}

/** As JSON, with everything escaped that a terminal could hide. */
function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  return json.replaceAll(
    /[^\x20-\x7e\u00a0-\u1fff\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Every value by its path; list items such as nodes by their names. */
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
