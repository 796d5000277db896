import { moveLeader } from '../../verbs/power/move-leader.ts'
import type { CommandHandler } from '../command.ts'
import { asking } from '../maintenance.ts'
import { probeChoice } from '../probe-choice.ts'
import { withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const moveLeaderCommand: CommandHandler = async (context, input) =>
  await withSession(context, async (session, ask) => {
    const report = await moveLeader(session, {
      to: input.args[0],
      confirm: asking(context, ask, 'Move leadership?'),
      probe: probeChoice(input),
    })
    const { changed, from, to } = report
    if (context.json) printLine(context, 'move-leader', { type: 'done', ...report })
    else
      context.out(
        changed ? `moved leadership from ${from} to ${to}\n` : `${UNCHANGED}: ${to} is the leader\n`,
      )
    return 0
  })

export default moveLeaderCommand
