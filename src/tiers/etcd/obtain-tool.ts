/** etcd's own tool for snapshots, on the workstation. */
import { ownArchitecture } from '../../artifacts/artifact.ts'
import { QuorateError } from '../../errors.ts'
import { type SnapshotTool, snapshotTool } from '../../etcd/snapshot-tool.ts'
import type { Session } from './session.ts'

/** The tool of the cluster's version. @throws QuorateError `artifact` if there is none for this workstation */
export async function obtainTool({ cluster, cacheDirectory, signal, emit }: Session): Promise<SnapshotTool> {
  const architecture = ownArchitecture()
  if (architecture === undefined)
    throw new QuorateError('artifact', "etcd is not available for this workstation's processor architecture")
  const { obtainEtcd } = await import('../../artifacts/obtain.ts')
  const { files } = await obtainEtcd(cluster.etcd, architecture, { cacheDirectory, signal, emit: tell })
  return snapshotTool(files)

  function tell({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) {
    emit({ type: 'artifact', text, doneBytes, totalBytes })
  }
}
