/** etcd's own tool for snapshots, on this computer. */
import { ownArchitecture } from '../../artifacts/artifact.ts'
import { QuorateError } from '../../errors.ts'
import { type SnapshotTool, snapshotTool } from '../../etcd/snapshot-tool.ts'
import type { Session } from './session.ts'

/** Of the cluster's version. @throws QuorateError `artifact` if there is none for this computer */
export async function obtainTool({ cluster, cacheDirectory, signal, emit }: Session): Promise<SnapshotTool> {
  const architecture = ownArchitecture()
  if (architecture === undefined)
    throw new QuorateError('artifact', 'there is no etcd for the processor of this computer')
  const { obtainEtcd } = await import('../../artifacts/obtain.ts')
  const { files } = await obtainEtcd(cluster.etcd, architecture, { cacheDirectory, signal, emit: tell })
  return snapshotTool(files)

  function tell({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) {
    emit({ type: 'artifact', text, doneBytes, totalBytes })
  }
}
