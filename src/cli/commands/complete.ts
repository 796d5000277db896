/** `quorate __complete -- WORDS`: what the shells' scripts ask. The last word is the one being typed. */
import type { CommandHandler } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { candidates, fileOption } from '../completion/candidates.ts'
import { nameCandidates } from '../completion/names.ts'

/** A line a candidate: its value, a tab, what it is; `:files` where the shell completes file names itself. */
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
