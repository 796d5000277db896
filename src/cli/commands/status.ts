import { status, statusExitCode } from '../../verbs/status/status.ts'
import type { CommandHandler } from '../command.ts'
import { renderStatus } from '../render-status.ts'
import { withSession } from '../with-session.ts'

const statusCommand: CommandHandler = async (context) =>
  await withSession(context, async (session) => {
    const report = await status(session)
    context.out(
      context.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : renderStatus(report, context.colors, context.now()),
    )
    return statusExitCode(report)
  })

export default statusCommand
