import { scheduleBackups, type SchedulePreview, type ScheduleReport } from '../../verbs/schedule/schedule.ts'
import { unscheduleBackups } from '../../verbs/schedule/unschedule.ts'
import { confirm } from '../ask.ts'
import { recipientsFor, storeLocation } from '../backup-options.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import { renderSchedulePreview, renderScheduleReport, scheduleQuestion } from '../render-schedule.ts'
import { keepOption } from '../keep-option.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const backupSchedule: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context, true)
  return await withSession(
    context,
    async (session, ask) => {
      const asked = async (preview: SchedulePreview) => {
        await ask(async () => {
          if (!context.json) context.err(renderSchedulePreview(preview, context.colors))
          await confirm(context, scheduleQuestion(preview))
        })
      }
      const report: ScheduleReport = flagOption(input, 'remove')
        ? await unscheduleBackups(session, { confirm: asked })
        : await scheduleBackups(session, {
            node: textOption(input, 'node'),
            every: textOption(input, 'every'),
            store: storeLocation(cluster, input),
            recipients: recipientsFor(cluster, input),
            keep: keepOption(input),
            exporter: textOption(input, 'metrics'),
            confirm: asked,
          })
      if (context.json) printValue(context, 'backup schedule', report)
      else context.out(renderScheduleReport(report, context.colors))
      return 0
    },
    { cluster },
  )
}

export default backupSchedule
