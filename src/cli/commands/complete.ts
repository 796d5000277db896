/** `quorate __complete -- WORDS`: called by the shells' completion scripts. The last word is the one being typed. */
import type { CommandHandler } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { candidates, fileOption } from '../completion/candidates.ts'
import { nameCandidates } from '../completion/names.ts'

/** One line a candidate: its value, a tab, its description. `:files` makes the shell complete file names. */
const complete: CommandHandler = async (context, { rest }) => {
  const current = rest.at(-1) ?? ''
  for (const candidate of candidates(COMMANDS, rest)) {
    if ('value' in candidate) context.out(line(candidate.value, candidate.description))
    else if (candidate.kind === 'files') context.out(':files\n')
    else if (candidate.kind === 'topics') {
      const { topicsFor } = await import('../explain/topics.ts')
      for (const topic of topicsFor(current)) context.out(line(topic, ''))
    } else {
      const names = await nameCandidates(fileOption(rest) ?? context.file, candidate.kind)
      for (const { value, description } of names) {
        if (value.startsWith(current)) context.out(line(value, description))
      }
    }
  }
  return 0
}

function line(value: string, description: string): string {
  return description === '' ? `${value}\n` : `${value}\t${description}\n`
}

export default complete
