/**
 * Checks from the manifest alone whether a static pod's manifest is what kubeadm generates from the wanted
 * configuration. The manifest's last line identifies its source, and the content above that line. Pure.
 *
 *     # quorate: <SHA-256 of configuration and version> <SHA-256 of all lines above>
 *
 * Running kubeadm at each inspection instead would take half a second per node, and write into the directory that the
 * kubelet watches. The kubelet ignores the line: it starts the object in the file, and comments are not part of that
 * (tested with 1.37.2: neither the pod's hash nor its containers change).
 */
import { createHash } from 'node:crypto'

export interface ManifestStamp {
  /** As `manifestSource` returns it. */
  readonly source: string
  /** Nothing was changed since kubeadm wrote it. */
  readonly intact: boolean
}

const STAMP = /(?<=\n)# quorate: ([0-9a-f]{64}) ([0-9a-f]{64})\n$/

/**
 * Identifies what a manifest is generated from.
 *
 * @param configuration the text of kubeadm's configuration on that node
 * @param version of the kubeadm that will generate it: `1.37.2`
 */
export function manifestSource(configuration: string, version: string): string {
  return sha256(`${version}\n${configuration}`)
}

/** The last line of a manifest that kubeadm wrote. @param source as `manifestSource` returns it */
export function manifestStamp(manifest: string, source: string): string {
  return `# quorate: ${source} ${sha256(manifest)}\n`
}

/** Parses the last line of a manifest; undefined: not quorate's, so its source is unknown. */
export function readManifestStamp(text: string): ManifestStamp | undefined {
  const found = STAMP.exec(text)
  const [, source, sum] = found ?? []
  if (found === null || source === undefined) return undefined
  return { source, intact: sha256(text.slice(0, found.index)) === sum }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
