import { type RepairPreview, type RepairReport, repairMember } from '../../verbs/repair/repair.ts'
import { lookForDamage } from '../../verbs/repair/observe.ts'
import { stopsMember } from '../../tiers/etcd/steps/actions.ts'
import { stepJson } from '../../tiers/etcd/steps/plan-json.ts'
import { confirm } from '../ask.ts'
import type { CommandHandler } from '../command.ts'
import { probeChoice } from '../probe-choice.ts'
import { renderDamage, renderRepair, renderRepairPreview } from '../render-repair.ts'
import { withSession } from '../with-session.ts'
import { printLine, printValue } from '../output/print-json.ts'
import type { Lines } from '../output/lines.ts'

/** Exit code if a member needs repair. */
const OPEN = 2

const repairCommand: CommandHandler = async (context, input) => {
  const [name] = input.args
  if (name === undefined) {
    return await withSession(
      context,
      async (session) => {
        const { outlook } = await lookForDamage(session)
        if (context.json) printValue(context, 'repair', outlook)
        else context.out(renderDamage(outlook, context.colors))
        const damaged = outlook.members.some(({ evidence }) => evidence.length > 0)
        return damaged || outlook.corrupt.length > 0 || outlook.blocked.length > 0 ? OPEN : 0
      },
      { events: 'text' },
    )
  }
  return await withSession(context, async (session, ask) => {
    const report = await repairMember(session, name, {
      probe: probeChoice(input),
      confirm: async (preview) =>
        await ask(async () => {
          if (context.json) printLine(context, 'repair', previewJson(preview))
          else context.err(renderRepairPreview(preview, session.cluster, context.colors))
          await confirm(context, question(preview), {
            stopsMember: stopsMember(preview.replacement?.steps ?? []),
          })
        }),
    })
    if (context.json) printLine(context, 'repair', doneJson(report))
    else context.out(renderRepair(report, name))
    return 0
  })
}

function question({ node, decision, alarms }: RepairPreview): string {
  if (decision.kind === 'disarm') return 'Disarm CORRUPT, so that clients can write again?'
  const alarm = alarms.length > 0 ? ', and disarm CORRUPT' : ''
  return `Replace the data of ${node} with a copy from the other members${alarm}? Its old data is renamed.`
}

function previewJson({ replacement, ...preview }: RepairPreview): Lines['repair'] {
  return { type: 'preview', ...preview, steps: (replacement?.steps ?? []).map(stepJson) }
}

function doneJson({ done, ...report }: RepairReport): Lines['repair'] {
  return { type: 'done', ...report, steps: done.map(stepJson) }
}

export default repairCommand
