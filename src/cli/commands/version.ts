import packageJson from '../../../package.json' with { type: 'json' }
import type { CommandHandler } from '../command.ts'

const version: CommandHandler = async (context) => {
  const versions = { quorate: packageJson.version, node: process.versions.node }
  context.out(
    context.json ? `${JSON.stringify(versions)}\n` : `quorate ${versions.quorate} (Node ${versions.node})\n`,
  )
  return 0
}

export default version
