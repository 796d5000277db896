/**
 * Pinned checksums (`etcd.sha256`) for a new version: those of the old one are never dropped silently, and never used
 * for the new one.
 */
import type { Artifact } from '../../artifacts/artifact.ts'
import { QuorateError } from '../../errors.ts'
import { type UpgradeProblem, blocker } from '../../etcd/upgrade-facts.ts'
import type { EtcdSpec, PinnedSums } from '../../spec/cluster.ts'
import type { Edit } from '../../spec/edit.ts'

type Pins = NonNullable<EtcdSpec['sha256']>

export interface NewPins {
  /** undefined: the file has no pins, or those of the new version are not given yet. */
  readonly sha256: Pins | undefined
  readonly edits: readonly Edit[]
}

/**
 * @param changes whether other binaries are wanted than the file names now
 * @param given each `ARCH=SUM` (of the archive) or `ARCH/PROGRAM=SUM`: exactly those that the file has
 * @throws QuorateError `usage`
 */
export function newPins(
  sha256: Pins | undefined,
  changes: boolean,
  given: readonly string[] | undefined,
): NewPins {
  if (given === undefined || given.length === 0) return { sha256: changes ? undefined : sha256, edits: [] }
  if (sha256 === undefined) {
    throw new QuorateError('usage', '--sha256 is for a cluster file that pins checksums (etcd.sha256)', {
      id: 'file-has-no-pins',
      hint: 'omit it; or pin the present version in the cluster file first',
    })
  }
  const present = new Map(placesOf(sha256).map((place) => [place.label, place]))
  const sums = new Map(given.map(parsePin))
  const foreign = [...sums.keys()].filter((label) => !present.has(label))
  const missing = [...present.keys()].filter((label) => !sums.has(label))
  if (foreign.length > 0 || missing.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`missing for ${missing.join(', ')}`] : []),
      ...(foreign.length > 0 ? [`the file has none for ${foreign.join(', ')}`] : []),
    ]
    throw new QuorateError('usage', `--sha256 does not match etcd.sha256: ${parts.join('; ')}`, {
      id: 'checksums-do-not-match',
      hint: `give one for each pinned checksum of the cluster file: ${[...present.keys()].map((label) => `--sha256 ${label}=SUM`).join(' ')}`,
    })
  }
  const changed = [...present.values()].map((place) => ({ ...place, value: sums.get(place.label) ?? '' }))
  const edits = changed.filter(({ value, sum }) => value !== sum)
  if (!changes && edits.length > 0) {
    throw new QuorateError('usage', 'the cluster file already has this version, with other checksums', {
      id: 'other-checksums-for-the-version',
      hint: 'omit --sha256, or correct etcd.sha256 in the cluster file',
    })
  }
  const wanted: Record<string, PinnedSums> = {}
  for (const { arch, what, value } of changed) wanted[arch] = { ...wanted[arch], [what]: value }
  return {
    sha256: wanted,
    edits: edits.map(({ arch, what, value }) => ({ path: ['etcd', 'sha256', arch, what], value })),
  }
}

/**
 * If the file has pins and the new ones are not given: the checksums that the source has now, for the operator to
 * compare and pass.
 */
export function missingPins(
  file: EtcdSpec,
  wanted: EtcdSpec,
  artifacts: ReadonlyMap<string, Artifact>,
): readonly UpgradeProblem[] {
  if (file.sha256 === undefined || wanted.sha256 !== undefined) return []
  const words = placesOf(file.sha256).map(({ label, arch, what }) => {
    const artifact = artifacts.get(arch)
    const program = artifact?.files.find(({ name }) => name === what)?.sha256
    return `--sha256 ${label}=${(what === 'archive' ? artifact?.archiveSha256 : program) ?? 'SUM'}`
  })
  const message = `checksums of etcd ${wanted.version} are required: the cluster file pins those of ${file.version} (etcd.sha256)`
  const hint = `compare the checksums of the source with a place that you trust, then run quorate upgrade --to ${wanted.version} ${words.join(' ')}`
  return [blocker({ id: 'checksums-are-needed', message, hint })]
}

/** The architectures whose checksums are required. */
export function pinnedArchitectures({ sha256 }: EtcdSpec): readonly (keyof Pins)[] {
  return Object.keys(sha256 ?? {}) as (keyof Pins)[]
}

function placesOf(sha256: Pins) {
  return Object.entries(sha256).flatMap(([arch, sums]) =>
    Object.entries(sums).map(([what, sum]) => ({
      arch,
      what,
      sum,
      label: what === 'archive' ? arch : `${arch}/${what}`,
    })),
  )
}

function parsePin(text: string): readonly [string, string] {
  const [, label = '', sum = ''] = /^([a-z0-9/]+)=([0-9a-f]{64})$/i.exec(text) ?? []
  if (sum !== '') return [label, sum.toLowerCase()]
  throw new QuorateError('usage', `--sha256 ${text} is not a checksum`, {
    hint: 'give ARCH=SUM for the archive, or ARCH/PROGRAM=SUM, with the 64 hex digits that sha256sum prints',
  })
}
