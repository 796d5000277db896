import packageJson from '../../../package.json' with { type: 'json' }
import type { CommandHandler } from '../command.ts'
import { printValue } from '../output/print-json.ts'

const version: CommandHandler = async (context) => {
  const versions = { quorate: packageJson.version, node: process.versions.node }
  if (context.json) printValue(context, 'version', versions)
  else context.out(`quorate ${versions.quorate} (Node ${versions.node})\n`)
  return 0
}

export default version
