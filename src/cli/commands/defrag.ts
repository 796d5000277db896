import { defrag } from '../../verbs/space/defrag.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { asking, defragmentedLines } from '../maintenance.ts'
import { probeChoice } from '../probe-choice.ts'
import { withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const defragCommand: CommandHandler = async (context, input) =>
  await withSession(context, async (session, ask) => {
    const { done, skipped, availability } = await defrag(session, {
      nodes: input.args,
      all: flagOption(input, 'all'),
      confirm: asking(context, ask, 'Defragment these members?'),
      probe: probeChoice(input),
    })
    if (context.json) {
      printLine(context, 'defrag', {
        type: 'done',
        changed: done.length > 0,
        members: done,
        skipped,
        availability,
      })
      return 0
    }
    const left = skipped.map(({ host, why }) => `${host}: skipped, ${why}\n`).join('')
    context.out(`${done.length === 0 ? `${UNCHANGED}\n` : defragmentedLines(done)}${left}`)
    return 0
  })

export default defragCommand
