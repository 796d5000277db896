/**
 * Whether a static pod's manifest is what kubeadm made of the configuration that is wanted, told from the manifest alone: its last
 * line says what it was made from, and what stood above that line. Pure.
 *
 *     # quorate: <SHA-256 of configuration and version> <SHA-256 of all lines above>
 *
 * To run kubeadm again at each look would take half a second a node, and write into the folder that the kubelet watches. A kubelet
 * does not see the line: what it starts is the object in the file, and a comment is no part of that (tried with 1.37.2: neither the
 * pod's hash nor its containers change).
 */
import { createHash } from 'node:crypto'

export interface ManifestStamp {
  /** As `manifestSource` gives it. */
  readonly source: string
  /** Nothing was changed since kubeadm wrote it. */
  readonly intact: boolean
}

const STAMP = /(?<=\n)# quorate: ([0-9a-f]{64}) ([0-9a-f]{64})\n$/

/**
 * What a manifest is made from.
 *
 * @param configuration the text of kubeadm's configuration on that node
 * @param version of the kubeadm that is to make it: `1.37.2`
 */
export function manifestSource(configuration: string, version: string): string {
  return sha256(`${version}\n${configuration}`)
}

/** The last line of a manifest that kubeadm wrote. @param source as `manifestSource` gives it */
export function manifestStamp(manifest: string, source: string): string {
  return `# quorate: ${source} ${sha256(manifest)}\n`
}

/** What the last line of a manifest says; undefined: none of quorate's, so nobody knows what it was made from. */
export function readManifestStamp(text: string): ManifestStamp | undefined {
  const found = STAMP.exec(text)
  const [, source, sum] = found ?? []
  if (found === null || source === undefined) return undefined
  return { source, intact: sha256(text.slice(0, found.index)) === sum }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
