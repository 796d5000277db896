/** What maintenance commands share: the preview, the question, the last line. */
import { stopsMember } from '../tiers/etcd/steps/actions.ts'
import { tolerates } from '../verbs/power/decide.ts'
import type { PowerReport } from '../verbs/power/power.ts'
import type { Defragmented } from '../verbs/space/run.ts'
import type { ConfirmMaintenance, MaintenancePreview } from '../tiers/etcd/under-lock.ts'

import { confirm, confirmByTyping } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
import type { CliContext } from './context.ts'
import type { ProgressRenderer } from './render-progress.ts'
import { oneLine } from '../spec/visible.ts'
import { counted, formatBytes, plural } from '../spec/units.ts'

/** The steps in their order, and their risks. */
export function renderPreview(
  { steps, risks }: MaintenancePreview,
  colors: Pick<CliContext['colors'], 'bold' | 'dim' | 'yellow'>,
): string {
  const lines = steps.map(({ host, what, why }, index) => {
    const where = host === undefined ? '' : `${colors.bold(host)}: `
    return `  ${index + 1}. ${where}${oneLine(what)} ${colors.dim(`(${oneLine(why)})`)}\n`
  })
  return [...lines, ...risks.map((risk) => `  ${colors.yellow('!')} ${oneLine(risk)}\n`)].join('')
}

/** Shows the preview, and asks if there is a risk. */
export function asking(
  context: CliContext,
  ask: ProgressRenderer['hold'],
  question: string,
): ConfirmMaintenance {
  return async (preview) =>
    await ask(async () => {
      if (!context.json) context.err(renderPreview(preview, context.colors))
      if (preview.risks.length > 0)
        await confirm(context, question, { stopsMember: stopsMember(preview.steps) })
    })
}

/** With `--force` the operator must type the cluster name. */
export function askingForce(
  context: CliContext,
  ask: ProgressRenderer['hold'],
  input: CommandInput,
  { question, cluster }: { readonly question: string; readonly cluster: string },
): ConfirmMaintenance {
  if (!flagOption(input, 'force')) return asking(context, ask, question)
  return async (preview) =>
    await ask(async () => {
      if (!context.json) context.err(renderPreview(preview, context.colors))
      await confirmByTyping(context, preview.risks.join(' '), cluster, textOption(input, 'confirm'))
    })
}

/** `2 of 3 voting members answer, 2 are needed: no further member may fail` */
export function quorumLine({ healthyVoters, voters, quorum }: PowerReport): string {
  return `${healthyVoters} of ${counted(voters, 'voting member')} ${plural(voters, 'answers', 'answer')}, quorum is ${quorum}: ${tolerates(healthyVoters - quorum)}`
}

/** The size of each file before and after. */
export function defragmentedLines(done: readonly Defragmented[]): string {
  return done
    .map(
      ({ host, beforeBytes, afterBytes, durationMs }) =>
        `${host}: ${formatBytes(beforeBytes)} before, ${formatBytes(afterBytes)} now (${(durationMs / 1000).toFixed(1)} s)\n`,
    )
    .join('')
}
