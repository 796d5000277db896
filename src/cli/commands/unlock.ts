import { type UnlockPreview, lockHolders, unlock } from '../../verbs/machines/unlock.ts'
import { confirmByTyping } from '../ask.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { lockJson, renderLocks, unlockQuestion } from '../render-unlock.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const unlockCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const force = flagOption(input, 'force')
  const confirm = async (preview: UnlockPreview) => {
    if (!context.json) context.err(renderLocks(preview, context.colors))
    await confirmByTyping(context, unlockQuestion(preview), cluster.name, textOption(input, 'confirm'))
  }
  return await withSession(
    context,
    async (session, ask) => {
      if (flagOption(input, 'preview')) {
        const preview = await lockHolders(session)
        tell(context, preview, [], renderLocks(preview, context.colors))
        return 0
      }
      const report = await unlock(session, {
        force,
        confirm: async (preview) => await ask(async () => await confirm(preview)),
      })
      const { removed } = report
      const where = removed.join(', ')
      tell(
        context,
        report,
        removed,
        removed.length === 0 ? 'the lock was released\n' : `lock removed: ${where}\n`,
      )
      return 0
    },
    { cluster },
  )
}

function tell(
  context: CliContext,
  { locks, unknown }: UnlockPreview,
  removed: readonly string[],
  text: string,
): void {
  if (context.json) {
    const out = {
      locks: locks.map(lockJson),
      removed,
      unknown: unknown.map(({ host, message }) => ({ host, message })),
    }
    printValue(context, 'unlock', out)
  } else {
    context.out(locks.length === 0 ? 'no lock is held\n' : text)
  }
}

export default unlockCommand
