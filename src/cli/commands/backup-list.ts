import { backupList } from '../../verbs/backup/list-backups.ts'
import { provenTrust } from '../../backup/signers.ts'
import { storeLocation } from '../backup-options.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { backupListJson, renderBackupList } from '../render-backup-list.ts'
import { loadForCommand } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const listCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const own = flagOption(input, 'all') ? undefined : cluster.name
  await using trust = await provenTrust(cluster)
  const { store, backups } = await backupList(storeLocation(cluster, input), {
    cluster: own,
    trust,
    environment: process.env,
    signal: context.signal,
  })
  if (context.json) printValue(context, 'backup list', { store, backups: backupListJson(backups) })
  else if (backups.length > 0) context.out(renderBackupList(backups, context))
  else context.out(`no backups${own === undefined ? '' : ` of ${own}`} in ${store}\n`)
  return 0
}

export default listCommand
