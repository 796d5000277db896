/**
 * The signed part of a bundle: its name, its cluster, when it was taken, and the SHA-256 of every other entry.
 * `sha256sum --check` reads this text as it is: it treats the facts as comments.
 */
import type { About } from './bundle.ts'

export const MANIFEST = 'SHA256SUMS'
export const SIGNATURE = 'SHA256SUMS.sig'

/** A real manifest is far smaller. */
export const MAX_MANIFEST_BYTES = 64 * 1024

export interface Manifest {
  /** The bundle's name in its backup location: under another name, it was put in place of another bundle. */
  readonly name: string
  readonly cluster: string
  /** Hexadecimal. */
  readonly clusterId: string
  /** ISO 8601, UTC. */
  readonly takenAt: string
  /** In digits, from the read right before the backup was taken. */
  readonly revision: string
  /** `operator@prod`, `node-service01@prod`. */
  readonly signer: string
  /** Hex, by entry name. */
  readonly sums: ReadonlyMap<string, string>
}

const TITLE = '# quorate backup, format 1'

/** What each fact looks like, in the order of the lines. */
const FACTS = {
  name: /^[a-z0-9][A-Za-z0-9.-]{0,254}$/,
  cluster: /^[a-z0-9][a-z0-9-]{0,99}$/,
  'cluster-id': /^[0-9a-f]{1,16}$/,
  'taken-at': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/,
  revision: /^\d{1,20}$/,
  signer: /^(?:operator|node-[a-z0-9][a-z0-9.-]{0,99})@[a-z0-9][a-z0-9-]{0,99}$/,
} as const

const SUM = /^(?<sum>[0-9a-f]{64}) {2}(?<entry>[a-z][a-z0-9./-]{0,99})$/

export function renderManifest(manifest: Manifest): string {
  const { name, cluster, clusterId, takenAt, revision, signer, sums } = manifest
  const facts = { name, cluster, 'cluster-id': clusterId, 'taken-at': takenAt, revision, signer }
  const lines = [
    TITLE,
    ...Object.entries(facts).map(([key, value]) => `# ${key}: ${value}`),
    ...[...sums].map(([entry, sum]) => `${sum}  ${entry}`),
  ]
  return `${lines.join('\n')}\n`
}

/** undefined for anything that `renderManifest` wouldn't have written. */
export function parseManifest(text: string): Manifest | undefined {
  if (text.length > MAX_MANIFEST_BYTES || !text.endsWith('\n')) return undefined
  const [title, ...lines] = text.slice(0, -1).split('\n')
  if (title !== TITLE) return undefined
  const keys = Object.keys(FACTS) as (keyof typeof FACTS)[]
  const values = keys.map((key, index) => {
    const start = `# ${key}: `
    const line = lines[index]
    const value = line?.startsWith(start) === true ? line.slice(start.length) : undefined
    return value !== undefined && FACTS[key].test(value) ? value : undefined
  })
  const [name, cluster, clusterId, takenAt, revision, signer] = values
  const sums = new Map<string, string>()
  for (const line of lines.slice(keys.length)) {
    const { sum, entry } = SUM.exec(line)?.groups ?? {}
    if (sum === undefined || entry === undefined || sums.has(entry)) return undefined
    sums.set(entry, sum)
  }
  if (name === undefined || cluster === undefined || clusterId === undefined) return undefined
  if (takenAt === undefined || revision === undefined || signer === undefined) return undefined
  // A key is allowed for one cluster's backups: its name is in the principal.
  if (!signer.endsWith(`@${cluster}`) || Number.isNaN(Date.parse(takenAt))) return undefined
  return { name, cluster, clusterId, takenAt, revision, signer, sums }
}

/** What part of the description inside the bundle differs from what was signed; undefined: nothing. */
export function contradiction(manifest: Manifest, about: About): string | undefined {
  const pairs = [
    ['cluster', manifest.cluster, about.cluster],
    ["cluster's ID", manifest.clusterId, about.clusterId],
    ['time', manifest.takenAt, about.takenAt],
    ['revision', manifest.revision, about.readRevision],
  ] as const
  return pairs.find(([, signed, said]) => signed !== said)?.[0]
}
