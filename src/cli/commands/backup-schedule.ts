import {
  scheduleBackups,
  type SchedulePreview,
  type ScheduleReport,
} from '../../operations/backup-schedule.ts'
import { unscheduleBackups } from '../../operations/backup-unschedule.ts'
import type { Retention } from '../../spec/backup.ts'
import { confirm } from '../ask.ts'
import { recipientsFor, storeLocation } from '../backup-options.ts'
import { type CommandHandler, type CommandInput, flagOption, textOption } from '../command.ts'
import { QuorateError } from '../../errors.ts'
import { renderSchedulePreview, renderScheduleReport, scheduleQuestion } from '../render-schedule.ts'
import { loadForCommand, withSession } from '../with-session.ts'

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
      context.out(
        context.json ? `${JSON.stringify(report, null, 2)}\n` : renderScheduleReport(report, context.colors),
      )
      return 0
    },
    { cluster, events: 'text' },
  )
}

const KINDS = ['hourly', 'daily', 'weekly', 'monthly'] as const

/** @throws QuorateError `usage` */
function keepOption(input: CommandInput): Partial<Retention> | undefined {
  const text = textOption(input, 'keep')
  if (text === undefined) return undefined
  const keep: Partial<Record<keyof Retention, number>> = {}
  for (const part of text.split(',')) {
    const [name, count = ''] = part.trim().split('=')
    const kind = KINDS.find((one) => one === name)
    if (kind === undefined || !/^\d{1,3}$/.test(count)) {
      throw new QuorateError('usage', `--keep ${text}: '${part}' is not understood`, {
        hint: 'write it like hourly=24,daily=7,weekly=5,monthly=12; what is left out stays as the cluster file has it',
      })
    }
    keep[kind] = Number(count)
  }
  return keep
}

export default backupSchedule
