import type { BlockReason } from '../../../engine/step.ts'
import { UNKNOWN_YET } from './unknown.ts'

/**
 * The mark that a member carries once its cluster was verified: which cluster it belongs to, for good.
 * With it a second cluster can't be started by mistake: quorate refuses, and etcd's unit asserts that its data is there.
 */
export interface Pin {
  readonly cluster: string
  /** Hexadecimal, as etcdctl prints it. */
  readonly clusterId: string
  /**
   * Of a cluster that was adopted: who runs this etcd, where that is not a systemd service `etcd.service`. quorate then
   * looks after it, but leaves its machine alone, also while it is down: whoever runs it would start it again beside ours.
   */
  readonly runBy?: string | undefined
}

export function renderPin(pin: Pin): string {
  const runBy = pin.runBy === undefined ? '' : `run-by=${pin.runBy}\n`
  return `# Written by quorate when this cluster was first healthy. Do not edit.\ncluster=${pin.cluster}\ncluster-id=${pin.clusterId}\n${runBy}`
}

/** Undefined for a text that is not a whole pin. */
export function parsePin(text: string): Pin | undefined {
  const cluster = /^cluster=(.+)$/m.exec(text)?.[1]
  const clusterId = /^cluster-id=(.+)$/m.exec(text)?.[1]
  if (cluster === undefined || clusterId === undefined) return undefined
  // A plan looks ahead to pins of a cluster that does not exist yet.
  if (!/^[0-9a-f]+$/.test(clusterId) && clusterId !== UNKNOWN_YET) return undefined
  const runBy = /^run-by=(.+)$/m.exec(text)?.[1]
  return { cluster, clusterId, ...(runBy === undefined ? {} : { runBy }) }
}

/** An adopted member that something else than systemd's `etcd.service` runs, now or once it is up again. */
export function runElsewhere(host: string, runBy: string): BlockReason {
  return {
    host,
    message: `its etcd is run ${runBy}, and was adopted so: nothing is changed on this machine`,
    hint: 'status, etcdctl, probe and the like work. To have quorate run it, have a systemd service etcd.service run it with the same settings and data first, and adopt it again (docs/guides/adopt.md)',
  }
}
