import { status, statusExitCode } from '../../verbs/status/status.ts'
import type { CommandHandler } from '../command.ts'
import { renderStatus } from '../render-status.ts'
import { withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const statusCommand: CommandHandler = async (context) =>
  await withSession(context, async (session) => {
    const report = await status(session)
    if (context.json) printValue(context, 'status', report)
    else context.out(renderStatus(report, context.colors, context.now()))
    return statusExitCode(report)
  })

export default statusCommand
