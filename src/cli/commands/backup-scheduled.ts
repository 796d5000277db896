import { runScheduled } from '../../verbs/backup/scheduled-run.ts'
import type { CommandHandler } from '../command.ts'

/** Prints to the journal, which adds the time. */
const backupScheduled: CommandHandler = async (context, input) => {
  const [config = ''] = input.args
  const { backup, pruned } = await runScheduled({
    config,
    now: context.now,
    signal: context.signal,
    environment: process.env,
    onWarning: (text) => context.err(`warning: ${text}\n`),
  })
  const { name, store, about, proof } = backup
  context.out(`stored ${name} in ${store}: revision ${proof.status.revision}, from ${about.member}\n`)
  for (const { name: old } of pruned.removed) context.out(`deleted ${old}: outside the retention policy\n`)
  return pruned.failed.length > 0 ? 1 : 0
}

export default backupScheduled
