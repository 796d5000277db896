import path from 'node:path'
import { verifyBundle } from '../../verbs/bundle/bundle.ts'
import type { CommandHandler } from '../command.ts'
import { artifactProgress } from '../artifact-progress.ts'
import { renderBundle } from '../render-bundle.ts'
import { printValue } from '../output/print-json.ts'

const bundleVerify: CommandHandler = async (context, input) => {
  using progress = artifactProgress(context)
  const { emit } = progress
  const report = await verifyBundle(path.resolve(input.args[0] ?? ''), { emit, signal: context.signal })
  if (context.json) printValue(context, 'bundle verify', report)
  else context.out(renderBundle(report, context.colors))
  return 0
}

export default bundleVerify
