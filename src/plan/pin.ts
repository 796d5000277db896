import { UNKNOWN_YET } from './unknown.ts'

/**
 * The mark that a member carries once its cluster was verified: which cluster it belongs to, for good.
 * With it a second cluster can't be started by mistake: quorate refuses, and etcd's unit asserts that its data is there.
 */
export interface Pin {
  readonly cluster: string
  /** Hexadecimal, as etcdctl prints it. */
  readonly clusterId: string
}

export function renderPin(pin: Pin): string {
  return `# Written by quorate when this cluster was first healthy. Do not edit.\ncluster=${pin.cluster}\ncluster-id=${pin.clusterId}\n`
}

/** Undefined for a text that is not a whole pin. */
export function parsePin(text: string): Pin | undefined {
  const cluster = /^cluster=(.+)$/m.exec(text)?.[1]
  const clusterId = /^cluster-id=(.+)$/m.exec(text)?.[1]
  if (cluster === undefined || clusterId === undefined) return undefined
  // A plan looks ahead to pins of a cluster that does not exist yet.
  return /^[0-9a-f]+$/.test(clusterId) || clusterId === UNKNOWN_YET ? { cluster, clusterId } : undefined
}
