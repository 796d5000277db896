import { QuorateError } from '../../errors.ts'
import { checkSettings } from '../../etcd/settings.ts'
import { surveyMembers } from '../../verbs/recover/observe.ts'
import { type Choice, reportOf } from '../../verbs/recover/report.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type CommandHandler, type CommandInput, flagOption } from '../command.ts'
import { renderRecovery } from '../render-recover.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

/** Exit code if the operator must decide. */
const OPEN = 2

const recoverCommand: CommandHandler = async (context, input) => {
  const lost = namesOption(input, 'lost')
  const cluster = await loadForCommand(context)
  if (input.options['fromSurvivor'] !== undefined || flagOption(input, 'abandon')) {
    // The new cluster starts with the file's settings: it can't be undone after that.
    if (!flagOption(input, 'abandon')) checkSettings(cluster.etcd.version, cluster.etcd.settings)
    const { runRecovery } = await import('../recover.ts')
    return await runRecovery(context, input, { cluster, lost })
  }
  return await withSession(
    context,
    async (session) => {
      const survey = await surveyMembers(session, lost)
      const needsChoice = survey.outlook.kind === 'open' || survey.outlook.kind === 'lost'
      const report = reportOf(cluster, survey, needsChoice ? await newestBackups(session) : [])
      if (context.json) printValue(context, 'recover', report)
      else context.out(renderRecovery(report, context.colors))
      return report.kind === 'serving' ? 0 : OPEN
    },
    { cluster, events: 'text' },
  )
}

/** Loaded on demand, because backup locations need large libraries. */
async function newestBackups(session: Session): Promise<readonly Choice[]> {
  const { backupChoices } = await import('../../verbs/recover/backup.ts')
  return await backupChoices(session, process.env)
}

/** An option that takes several values. */
function namesOption(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name]
  if (value === undefined) return []
  if (Array.isArray(value)) return value.filter((word): word is string => typeof word === 'string')
  throw new QuorateError('usage', `--${name}: names of nodes are missing`)
}

export default recoverCommand
