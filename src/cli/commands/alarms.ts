import { disarmAlarms, listAlarms } from '../../verbs/space/alarms.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { CommandHandler } from '../command.ts'
import type { CliContext } from '../context.ts'
import { asking } from '../maintenance.ts'
import type { ProgressRenderer } from '../render-progress.ts'
import { renderTable } from '../table.ts'
import { withSession } from '../with-session.ts'
import { printLine, printValue } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const alarmsCommand: CommandHandler = async (context, input) => {
  const disarms = input.args[0] === 'disarm'
  return await withSession(
    context,
    async (session, ask) =>
      disarms ? await disarmed(context, session, ask) : await listed(context, session),
    { events: disarms ? 'all' : 'text' },
  )
}

async function listed(context: CliContext, session: Session): Promise<number> {
  const { alarms, known } = await listAlarms(session)
  if (context.json) {
    printValue(context, 'alarms', { alarms, known })
  } else if (alarms.length > 0) {
    const header = ['MEMBER', 'ALARM', 'MEANING'].map(context.colors.dim)
    const rows = alarms.map(({ member, alarm, meaning }) => [member, context.colors.red(alarm), meaning])
    context.out(renderTable([header, ...rows]))
  } else {
    context.out(known ? 'no alarm is raised\n' : 'unknown: no member answered\n')
  }
  return alarms.length > 0 || !known ? 1 : 0
}

async function disarmed(
  context: CliContext,
  session: Session,
  ask: ProgressRenderer['hold'],
): Promise<number> {
  const done = await disarmAlarms(session, { confirm: asking(context, ask, 'Disarm now?') })
  const what = done.map((step) => step.what)
  if (context.json)
    printLine(context, 'alarms', { type: 'done', changed: done.length > 0, steps: done.length })
  else context.out(what.length === 0 ? `${UNCHANGED}: no alarm is raised\n` : `done: ${what.join(', ')}\n`)
  return 0
}

export default alarmsCommand
