import path from 'node:path'
import { type Architecture, ownArchitecture } from '../../artifacts/artifact.ts'
import { QuorateError } from '../../errors.ts'
import { cacheDirectory } from '../../files/cache-directory.ts'
import { createBundle } from '../../verbs/bundle/bundle.ts'
import { type CommandHandler, type CommandInput, textOption } from '../command.ts'
import { artifactProgress } from '../artifact-progress.ts'
import { renderBundle } from '../render-bundle.ts'
import { loadForCommand } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const bundleCreate: CommandHandler = async (context, input) => {
  const architectures = architecturesOption(input)
  const cluster = await loadForCommand(context)
  const file = path.resolve(input.args[0] ?? '')
  using progress = artifactProgress(context)
  const report = await createBundle(
    cluster,
    { architectures, file },
    { cacheDirectory: cacheDirectory(process.env), emit: progress.emit, signal: context.signal },
  )
  if (context.json) printValue(context, 'bundle create', report)
  else context.out(renderBundle(report, context.colors))
  return 0
}

/** @throws QuorateError `usage` */
function architecturesOption(input: CommandInput): readonly Architecture[] {
  const text = textOption(input, 'arch')
  if (text === undefined) return [ownArchitecture() ?? 'amd64']
  const list = [...new Set(text.split(','))]
  if (list.every((one): one is Architecture => one === 'amd64' || one === 'arm64')) return list.toSorted()
  throw new QuorateError('usage', `--arch: "${text}" is not amd64, arm64, or amd64,arm64`, {
    id: 'unknown-architecture',
  })
}

export default bundleCreate
