/** Explains a member that refuses to start because of the cluster file: the error names the setting and its position. */
import { QuorateError } from '../../../errors.ts'
import { settingsNamed } from '../../../etcd/named-settings.ts'
import { readText } from '../../../files/read-file.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { readYaml } from '../../../spec/document.ts'

/** @returns the error; if etcd's message is about settings of the cluster file, with those as `FILE:LINE:COLUMN` */
export async function explained(cluster: Cluster, error: unknown): Promise<unknown> {
  return error instanceof QuorateError && error.code === 'command' ? await blamed(cluster, error) : error
}

async function blamed({ etcd, file }: Cluster, error: QuorateError): Promise<QuorateError> {
  const names = settingsNamed(etcd.settings, error.message)
  if (names.length === 0) return error
  const document = readYaml(await readText(file).catch(() => ''))
  const places = names.map((name) => {
    const { line, column } = document.locate(['etcd', 'settings', name], 'key')
    return `etcd.settings.${name} (${file}:${line}:${column})`
  })
  return error.with({ message: `${error.message}\nset in ${places.join(' and ')}`, cause: error })
}
