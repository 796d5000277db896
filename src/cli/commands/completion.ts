import bash from '../completion/bash.sh?raw'
import fish from '../completion/fish.sh?raw'
import zsh from '../completion/zsh.sh?raw'
import type { CommandHandler } from '../command.ts'

const SCRIPTS: Readonly<Record<string, string>> = { bash, zsh, fish }

const completion: CommandHandler = async (context, input) => {
  context.out(SCRIPTS[input.args[0] ?? ''] ?? '')
  return 0
}

export default completion
