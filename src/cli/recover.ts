/** `quorate recover --from-survivor` and `--abandon` on the command line. */
import { QuorateError } from '../errors.ts'
import { abandonRecovery } from '../verbs/recover/abandon.ts'
import type { RecoveryPreview } from '../verbs/recover/decide.ts'
import { type RecoverReport, recover } from '../verbs/recover/recover.ts'
import { stepJson } from '../tiers/etcd/steps/plan-json.ts'
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import { confirmByTyping } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
import { type Consequences, renderConsequences } from './consequences.ts'
import type { CliContext } from './context.ts'
import { renderRecovered, renderRecoveryPreview } from './render-recover.ts'
import { withSession } from './with-session.ts'
import { printLine } from './output/print-json.ts'
import type { Lines } from './output/lines.ts'

export async function runRecovery(
  context: CliContext,
  input: CommandInput,
  { cluster, lost }: { readonly cluster: Cluster; readonly lost: readonly string[] },
): Promise<number> {
  if (flagOption(input, 'abandon')) return await abandon(context, input, { cluster, lost })
  const named = textOption(input, 'fromSurvivor')
  requireMember(cluster, named)
  const show = (preview: RecoveryPreview) => {
    if (context.json) printLine(context, 'recover', previewJson(preview))
    else context.err(renderRecoveryPreview(preview, context.colors))
  }
  return await withSession(
    context,
    async (session, ask) => {
      const report = await recover(session, {
        survivor: named,
        lost,
        confirm: async (preview) =>
          await ask(async () => {
            show(preview)
            if (!context.json) context.err(renderConsequences(LOSSES, context.colors))
            await confirmByTyping(
              context,
              `Give up the old cluster ${cluster.name}, and start a new one from the data of ${preview.survivor}.`,
              cluster.name,
              textOption(input, 'confirm'),
            )
          }),
      })
      tell(context, report)
      return 0
    },
    { cluster },
  )
}

const LOSSES: Consequences = {
  loses: 'writes that this member does not have, as far as known: see above',
  keeps: 'the old data of every node, renamed',
  downtime: 'until this member serves the new cluster',
}

/** Before it connects to a node. @throws QuorateError `usage` */
function requireMember(cluster: Cluster, name: string | undefined): void {
  const names = etcdNodes(cluster).map((node) => node.name)
  if (name === undefined || names.includes(name)) return
  throw new QuorateError('usage', `--from-survivor: '${name}' is not an etcd node of the cluster file`, {
    hint: `name an etcd node: ${names.join(', ')}`,
  })
}

async function abandon(
  context: CliContext,
  input: CommandInput,
  { cluster, lost }: { readonly cluster: Cluster; readonly lost: readonly string[] },
): Promise<number> {
  if (input.options['fromSurvivor'] !== undefined)
    throw new QuorateError('usage', '--abandon and --from-survivor exclude each other', {
      id: 'conflicting-options',
    })
  return await withSession(
    context,
    async (session) => {
      const { nodes, stays } = await abandonRecovery(session, lost)
      if (context.json)
        printLine(context, 'recover', { type: 'done', changed: nodes.length > 0, nodes, stays })
      else if (nodes.length === 0) context.out('no recovery is unfinished\n')
      else context.out(`${renderAbandoned(nodes, stays)}\n`)
      return 0
    },
    { cluster },
  )
}

function renderAbandoned(nodes: readonly string[], stays: boolean): string {
  const names = nodes.join(', ')
  return stays
    ? `the recovery is ended on ${names}; the new cluster stays unchanged. Inspect it: quorate recover; then complete it: quorate apply`
    : `abandoned on ${names}; members stay stopped, with their old data. Inspect them: quorate recover`
}

function previewJson({ steps, ...preview }: RecoveryPreview): Lines['recover'] {
  return { type: 'preview', ...preview, steps: steps.map(stepJson) }
}

function tell(context: CliContext, report: RecoverReport): void {
  if (!context.json) {
    context.out(renderRecovered(report, context.colors))
    return
  }
  const { done, ...rest } = report
  printLine(context, 'recover', { type: 'done', changed: true, ...rest, steps: done.map(stepJson) })
}
