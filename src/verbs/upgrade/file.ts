/** Writes the new version into the cluster file once the members run it, because the next apply uses the file. */
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { type Edit, editValues } from '../../spec/edit.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { formatProblems } from '../../spec/problem.ts'
import { replaceClusterFile, requireWritable } from '../../cluster-file/write.ts'

/**
 * Checks beforehand whether that is possible: the values can be replaced in place, the result means the same, and the
 * file can be written.
 *
 * @throws QuorateError `cluster-file` or `permission`
 */
export async function checkFileEdit(wanted: Cluster, edits: readonly Edit[]): Promise<void> {
  if (edits.length === 0) return
  await editedText(wanted, edits)
  await requireWritable(wanted.file, 'record the new version at the end')
}

/** Replaces the values; keeps mode, owner and links. @throws QuorateError as `checkFileEdit` */
export async function editFile(wanted: Cluster, edits: readonly Edit[]): Promise<void> {
  if (edits.length === 0) return
  await replaceClusterFile(wanted.file, await editedText(wanted, edits))
}

async function editedText(wanted: Cluster, edits: readonly Edit[]): Promise<string> {
  const text = editValues(await readText(wanted.file), edits)
  const { cluster, problems } = parseClusterFile(text, wanted.file)
  if (cluster === undefined) {
    const list = formatProblems(problems.filter(({ severity }) => severity === 'error'))
    throw new QuorateError(
      'cluster-file',
      `the cluster file is not valid for etcd ${wanted.etcd.version}:\n${list}`,
      { id: 'unfit-for-the-version' },
    )
  }
  if (JSON.stringify(cluster.etcd) !== JSON.stringify(wanted.etcd)) {
    throw new QuorateError('cluster-file', 'the cluster file changed during the upgrade', {
      hint: `set the version in it by hand (etcd.version: "${wanted.etcd.version}"), then run quorate apply`,
    })
  }
  return text
}
