import type { BlockReason } from '../../../engine/step.ts'
import { UNKNOWN_YET } from './unknown.ts'

/**
 * The cluster ID file that a member gets once its cluster was verified: the cluster that it belongs to, permanently.
 * It prevents a second cluster by mistake: quorate refuses, and etcd's unit asserts that the data exists.
 */
export interface Pin {
  readonly cluster: string
  /** Hexadecimal, as etcdctl prints it. */
  readonly clusterId: string
  /**
   * In an adopted cluster: what runs this etcd, if it is not a systemd service `etcd.service`. quorate then manages the
   * cluster, but doesn't change this node, even while etcd is down: its supervisor could start it next to quorate's.
   */
  readonly runBy?: string | undefined
}

export function renderPin(pin: Pin): string {
  const runBy = pin.runBy === undefined ? '' : `run-by=${pin.runBy}\n`
  return `# Written by quorate when this cluster was first healthy. Do not edit.\ncluster=${pin.cluster}\ncluster-id=${pin.clusterId}\n${runBy}`
}

/** undefined for an incomplete file. */
export function parsePin(text: string): Pin | undefined {
  const cluster = /^cluster=(.+)$/m.exec(text)?.[1]
  const clusterId = /^cluster-id=(.+)$/m.exec(text)?.[1]
  if (cluster === undefined || clusterId === undefined) return undefined
  // A plan predicts cluster ID files of a cluster that doesn't exist yet.
  if (!/^[0-9a-f]+$/.test(clusterId) && clusterId !== UNKNOWN_YET) return undefined
  const runBy = /^run-by=(.+)$/m.exec(text)?.[1]
  return { cluster, clusterId, ...(runBy === undefined ? {} : { runBy }) }
}

/** An adopted member that doesn't run as systemd's `etcd.service`. */
export function runElsewhere(host: string, runBy: string): BlockReason {
  return {
    id: 'run-by-something-else',
    host,
    message: `etcd is run ${runBy} and was adopted that way: quorate doesn't change this node`,
    hint: 'to let quorate run it, first run it as etcd.service with the same settings and data, then adopt it again (docs/guides/adopt.md). Until then, use status, etcdctl and probe',
  }
}
