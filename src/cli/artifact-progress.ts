/** The progress of programs and images, for commands that obtain them without a session on nodes. */
import type { ArtifactEvent } from '../artifacts/artifact.ts'
import type { CliContext } from './context.ts'
import { progressRenderer } from './render-progress.ts'

/** Shows nothing if the output is JSON. */
export function artifactProgress(
  context: CliContext,
): Disposable & { readonly emit: (event: ArtifactEvent) => void } {
  const progress = progressRenderer(context)
  return {
    emit: ({ text, doneBytes, totalBytes }) => {
      if (!context.json) progress.emit({ type: 'artifact', text, doneBytes, totalBytes })
    },
    [Symbol.dispose]: () => progress.stop(),
  }
}
