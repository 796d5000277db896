import { type ResetPreview, reset } from '../../verbs/reset/reset.ts'
import { confirmByTyping } from '../ask.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
import { loadForCommand, withSession } from '../with-session.ts'

const resetCommand: CommandHandler = async (context, input) => {
  const [node] = input.args
  const cluster = await loadForCommand(context)
  const purge = flagOption(input, 'purge')
  const confirm = async (preview: ResetPreview) => {
    const plan = { waves: [preview.steps], blocked: [] }
    if (!context.json) context.err(`${renderPlan(plan, context.colors)}\n${planSummary(plan)}\n`)
    await confirmByTyping(context, question(preview, purge), cluster.name, textOption(input, 'confirm'))
  }
  return await withSession(
    context,
    async (session, ask) => {
      const asked = async (preview: ResetPreview) => await ask(async () => await confirm(preview))
      const { done, moved } = await reset(session, { node, purge, confirm: asked })
      if (context.json) {
        context.out(
          `${JSON.stringify({ type: 'done', changed: done.length > 0, steps: done.length, moved })}\n`,
        )
        return 0
      }
      context.out(describe(done.length, moved, context))
      return 0
    },
    { cluster },
  )
}

function question({ hosts }: ResetPreview, purge: boolean): string {
  const where = hosts.join(', ')
  return purge
    ? `etcd will be stopped on ${where}, and its data removed for good.`
    : `etcd will be stopped on ${where}, and its data moved aside.`
}

function describe(
  steps: number,
  moved: readonly { readonly host: string; readonly from: string; readonly to: string }[],
  { colors }: CliContext,
): string {
  if (steps === 0) return 'nothing to reset\n'
  const lines = moved.map(({ host, from, to }) => `  ${colors.bold(host)}: ${from} is now ${to}\n`)
  const kept = "The CA and the operator's certificate here stay, as do packages and binaries there.\n"
  return `reset done\n${lines.join('')}${kept}`
}

export default resetCommand
