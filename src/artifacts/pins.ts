/** Checksums that the cluster file pins (`etcd.sha256`): only matching files are used. */
import { createHash } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { EtcdSpec, PinnedSums } from '../spec/cluster.ts'
import type { Architecture, ArtifactFile } from './artifact.ts'

/**
 * The checksums pinned for `arch`; undefined: the file pins none.
 * @throws QuorateError `artifact` if it pins only those of other architectures
 */
export function pinsOf(
  { sha256, version }: Pick<EtcdSpec, 'sha256' | 'version'>,
  arch: Architecture,
): PinnedSums | undefined {
  if (sha256 === undefined) return undefined
  const pins = sha256[arch]
  if (pins !== undefined) return pins
  throw new QuorateError('artifact', `no checksum of etcd ${version} is pinned for ${arch} (etcd.sha256)`, {
    id: 'checksum-is-not-pinned',
    hint: `write the checksum into the cluster file, under etcd.sha256.${arch}; nothing was downloaded`,
  })
}

/** A short name for pins, so that a file that was checked against one pin isn't used for another. */
export function pinsKey(pins: PinnedSums | undefined): string {
  if (pins === undefined) return ''
  const text = JSON.stringify(Object.entries(pins).toSorted(([a], [b]) => a.localeCompare(b)))
  return `-pinned-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}

/** @throws QuorateError `artifact` if the archive differs */
export function checkArchivePin(pinned: string, actual: string, arch: Architecture, origin: string): void {
  if (pinned === actual) return
  throw new QuorateError(
    'artifact',
    `${origin} is not what the cluster file pins: its SHA-256 is ${actual}, etcd.sha256.${arch}.archive says ${pinned}`,
    {
      id: 'checksum-is-not-pinned',
      hint: "try again; if the checksum stays wrong, don't use this source. The file was discarded",
    },
  )
}

/**
 * Compares each program with its own pin. One without a pin is accepted if the whole archive has one.
 * @throws QuorateError `artifact` naming every program that differs or is not pinned
 */
export function checkProgramPins(
  pins: PinnedSums,
  files: readonly Pick<ArtifactFile, 'name' | 'sha256'>[],
  arch: Architecture,
  origin: string,
): void {
  const wrong = files.flatMap(({ name, sha256 }) => {
    const pinned = pins[name]
    if (pinned === sha256 || (pinned === undefined && pins.archive !== undefined)) return []
    const said = pinned === undefined ? 'has no checksum for it' : `says ${pinned}`
    return [`${name}: its SHA-256 is ${sha256}, etcd.sha256.${arch} ${said}`]
  })
  if (wrong.length === 0) return
  throw new QuorateError(
    'artifact',
    `${origin} does not contain what the cluster file pins:\n${wrong.join('\n')}`,
    {
      id: 'checksum-is-not-pinned',
      hint: 'pin only checksums that you have compared with a trusted source; this one was not used',
    },
  )
}
