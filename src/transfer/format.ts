/**
 * The lines of an export, one JSON object each: a header, then the keys in order, each lease before its first key, and
 * an end. The end has counts and a checksum: without it, a truncated file would look complete.
 *
 * 64-bit numbers of etcd are strings: JSON's own numbers are exact only up to 2^53.
 */
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { formatId } from '../etcd/id.ts'
import { bytesField, harmless } from './text.ts'

export const FORMAT = 'quorate-export'
export const FORMAT_VERSION = 1

const AGAIN = 'export it again: quorate export -o FILE (nothing was written)'

const number = z.string().regex(/^\d{1,19}$/)
const base64 = z.base64()
const id = z.string().regex(/^[0-9a-f]{1,16}$/)

const header = z.object({
  format: z.literal(FORMAT),
  version: z.number(),
  cluster: z.string(),
  /** Hexadecimal, as etcdctl prints it. */
  clusterId: id,
  revision: number,
  time: z.iso.datetime(),
  range: z.union([
    z.object({ prefix: z.string() }),
    z.object({ from: z.string(), to: z.string() }),
    z.object({ all: z.literal(true) }),
  ]),
})

/** `ttl`: seconds left when it was read; -1: it had expired by then. */
const lease = z.object({ lease: id, grantedTtl: number, ttl: z.string().regex(/^-?\d{1,19}$/) })

const key = z.object({
  key: z.string().optional(),
  keyBase64: base64.optional(),
  value: z.string().optional(),
  valueBase64: base64.optional(),
  createRevision: number,
  modRevision: number,
  version: number,
  /** The ID of a lease above. */
  onLease: id.optional(),
})

const end = z.object({
  end: z.object({ keys: z.number(), leases: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
})

export type ExportHeader = z.infer<typeof header>
export type ExportedRange = ExportHeader['range']

export interface ExportedLease {
  readonly id: bigint
  readonly grantedSeconds: bigint
  /** Seconds left when it was read; 0 or less: it had expired. */
  readonly secondsLeft: bigint
}

export interface ExportedKey {
  readonly key: Uint8Array<ArrayBuffer>
  readonly value: Uint8Array<ArrayBuffer>
  readonly createRevision: bigint
  readonly modRevision: bigint
  readonly version: bigint
  /** 0: none. */
  readonly lease: bigint
}

export interface ExportEnd {
  readonly keys: number
  readonly leases: number
  /** Hex, of all bytes before this line. */
  readonly sha256: string
}

export type ExportLine =
  | { readonly kind: 'header'; readonly header: ExportHeader }
  | { readonly kind: 'lease'; readonly lease: ExportedLease }
  | { readonly kind: 'key'; readonly entry: ExportedKey }
  | { readonly kind: 'end'; readonly end: ExportEnd }

/** With its newline. */
export function formatLine(line: ExportLine): string {
  return `${harmless(JSON.stringify(plain(line)))}\n`
}

function plain(line: ExportLine): Readonly<Record<string, unknown>> {
  if (line.kind === 'header') return line.header
  if (line.kind === 'end') return { end: line.end }
  if (line.kind === 'lease') {
    const { id: leaseId, grantedSeconds, secondsLeft } = line.lease
    return { lease: formatLease(leaseId), grantedTtl: String(grantedSeconds), ttl: String(secondsLeft) }
  }
  const { entry } = line
  return {
    ...bytesField('key', entry.key),
    ...bytesField('value', entry.value),
    createRevision: String(entry.createRevision),
    modRevision: String(entry.modRevision),
    version: String(entry.version),
    ...(entry.lease === 0n ? {} : { onLease: formatLease(entry.lease) }),
  }
}

/** @throws QuorateError `backup` for an invalid line, with its number. */
export function parseLine(text: string, where: string): ExportLine {
  const json = parseJson(text, where)
  if (hasField(json, 'format')) return { kind: 'header', header: checked(header, json, where) }
  if (hasField(json, 'end')) return { kind: 'end', end: checked(end, json, where).end }
  if (hasField(json, 'lease')) {
    const found = checked(lease, json, where)
    const [grantedSeconds, secondsLeft] = [BigInt(found.grantedTtl), BigInt(found.ttl)]
    return { kind: 'lease', lease: { id: parseLease(found.lease), grantedSeconds, secondsLeft } }
  }
  const found = checked(key, json, where)
  return {
    kind: 'key',
    entry: {
      key: bytesOf(found.key, found.keyBase64, 'key', where),
      value: bytesOf(found.value, found.valueBase64, 'value', where),
      createRevision: BigInt(found.createRevision),
      modRevision: BigInt(found.modRevision),
      version: BigInt(found.version),
      lease: found.onLease === undefined ? 0n : parseLease(found.onLease),
    },
  }
}

/** For a file, or a line of it, that does not have the format. */
export function notAnExport(where: string, why: string): QuorateError {
  return new QuorateError('backup', `${where}: ${why}`, { id: 'not-an-export', hint: AGAIN })
}

/** For an export that was changed or truncated. */
export function damagedExport(where: string, why: string): QuorateError {
  return new QuorateError('backup', `${where}: ${why}`, { id: 'damaged-export', hint: AGAIN })
}

/** A lease's ID is signed in etcd, but etcdctl prints it as unsigned. */
function formatLease(leaseId: bigint): string {
  return formatId(BigInt.asUintN(64, leaseId))
}

function parseLease(text: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${text}`))
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw notAnExport(where, 'not a line of an export: it is not JSON, or was truncated')
  }
}

function checked<T>(schema: z.ZodType<T>, json: unknown, where: string): T {
  const { success, data, error } = schema.safeParse(json)
  if (success) return data
  const [issue] = error.issues
  const field = issue?.path.join('.') ?? ''
  throw notAnExport(where, `not a line of an export: ${field === '' ? '' : `${field}: `}${issue?.message}`)
}

function bytesOf(
  text: string | undefined,
  packed: string | undefined,
  name: string,
  where: string,
): Uint8Array<ArrayBuffer> {
  if ((text === undefined) === (packed === undefined))
    throw notAnExport(where, `either ${name} or ${name}Base64 is needed, and not both`)
  return new Uint8Array(
    packed === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(packed, 'base64'),
  )
}

function hasField(json: unknown, name: string): boolean {
  return typeof json === 'object' && json !== null && name in json
}
