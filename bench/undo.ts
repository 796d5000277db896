/** The bench's folder and machines, which go with it: machines run on by themselves, also after Ctrl-C. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface BenchFolder extends AsyncDisposable {
  /** Absolute path; private. */
  readonly folder: string
  /** Takes these down with the folder, in this order. */
  readonly takeDown: (cluster: { down(): Promise<void> }) => void
}

export async function benchFolder(): Promise<BenchFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-bench-'))
  await mkdir(path.join(folder, '.quorate'), { mode: 0o700 })
  const clusters: { down(): Promise<void> }[] = []
  const undo = async () => {
    for (const cluster of clusters.splice(0)) await cluster.down()
    await rm(folder, { recursive: true, force: true })
  }
  const stop = () => {
    process.stderr.write('bench: taking down its machines\n')
    void undo().finally(() => process.exit(130))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  return {
    folder,
    takeDown: (cluster) => void clusters.push(cluster),
    [Symbol.asyncDispose]: async () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop)
      await undo()
    },
  }
}
