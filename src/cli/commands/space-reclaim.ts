import { reclaimSpace } from '../../verbs/space/reclaim.ts'
import type { CommandHandler } from '../command.ts'
import { asking, defragmentedLines } from '../maintenance.ts'
import { probeChoice } from '../probe-choice.ts'
import { withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const spaceReclaimCommand: CommandHandler = async (context, input) =>
  await withSession(context, async (session, ask) => {
    const { done, defragmented, availability } = await reclaimSpace(session, {
      confirm: asking(context, ask, 'Free space?'),
      probe: probeChoice(input),
    })
    if (context.json) {
      printLine(context, 'space reclaim', {
        type: 'done',
        changed: done.length > 0,
        steps: done.length,
        members: defragmented,
        availability,
      })
      return 0
    }
    context.out(
      done.length === 0
        ? `${UNCHANGED}: the alarm NOSPACE is not raised, and every member that answers has free space\n`
        : `${defragmentedLines(defragmented)}the cluster accepts writes again\n`,
    )
    return 0
  })

export default spaceReclaimCommand
