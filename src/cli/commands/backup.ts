import { backup } from '../../verbs/backup/backup.ts'
import { sealingFor, storeLocation } from '../backup-options.ts'
import type { CommandHandler } from '../command.ts'
import { renderBackup } from '../render-backup.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const backupCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const location = storeLocation(cluster, input)
  const sealing = await sealingFor(context, cluster, input)
  const report = await withSession(context, async (session) => await backup(session, { location, sealing }), {
    cluster,
  })
  if (context.json) printValue(context, 'backup', report)
  else context.out(renderBackup(report, context.colors))
  return 0
}

export default backupCommand
