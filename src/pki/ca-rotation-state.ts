/**
 * The progress of a CA rotation, recorded only on the workstation. While the file with both CAs exists, both are
 * trusted; everything else is read from the nodes.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type OwnCa, otherCa } from './own-ca-folder.ts'
import { trustFile } from './trust.ts'
import type { Cluster } from '../spec/cluster.ts'

/** The CA that quorate made itself; undefined: the cluster file names another CA. */
export function ownCa({ pki, stateDirectory }: Cluster): OwnCa | undefined {
  const { authority } = pki
  if (authority.home !== 'local' || authority.certificate !== undefined) return undefined
  return { stateDirectory, directory: path.join(stateDirectory, 'ca') }
}

/** Whether two CAs are trusted at the moment. */
export function isUnderWay({ stateDirectory }: Cluster): boolean {
  return existsSync(trustFile(stateDirectory))
}

/** The other CA of quorate's own until it is retired: the old one, or the next one. */
export function unretired(cluster: Cluster): 'previous' | 'next' | undefined {
  const own = ownCa(cluster)
  return own === undefined ? undefined : otherCa(own)
}
