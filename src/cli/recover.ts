/** `quorate recover --from-survivor` and `--abandon` on the command line. */
import { QuorateError } from '../errors.ts'
import { abandonRecovery } from '../verbs/recover/abandon.ts'
import type { RecoveryPreview } from '../verbs/recover/decide.ts'
import { type RecoverReport, recover } from '../verbs/recover/recover.ts'
import { stepJson } from '../tiers/etcd/steps/plan-json.ts'
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import { confirmByTyping } from './ask.ts'
import { type CommandInput, flagOption, textOption } from './command.ts'
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
            await confirmByTyping(
              context,
              `A new cluster will be made from ${preview.survivor}'s data.`,
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

/** Before any machine is asked. @throws QuorateError `usage` */
function requireMember(cluster: Cluster, name: string | undefined): void {
  const names = etcdNodes(cluster).map((node) => node.name)
  if (name === undefined || names.includes(name)) return
  throw new QuorateError('usage', `--from-survivor: '${name}' is no etcd node of the cluster file`, {
    hint: `etcd nodes: ${names.join(', ')}`,
  })
}

async function abandon(
  context: CliContext,
  input: CommandInput,
  { cluster, lost }: { readonly cluster: Cluster; readonly lost: readonly string[] },
): Promise<number> {
  if (input.options['fromSurvivor'] !== undefined)
    throw new QuorateError('usage', '--abandon gives up what --from-survivor began: give one of the two')
  return await withSession(
    context,
    async (session) => {
      const { nodes, stays } = await abandonRecovery(session, lost)
      if (context.json)
        printLine(context, 'recover', { type: 'done', changed: nodes.length > 0, nodes, stays })
      else if (nodes.length === 0) context.out('no recovery was begun\n')
      else context.out(`${renderAbandoned(nodes, stays)}\n`)
      return 0
    },
    { cluster },
  )
}

function renderAbandoned(nodes: readonly string[], stays: boolean): string {
  const names = nodes.join(', ')
  return stays
    ? `the recovery is ended on ${names}; the new cluster stays as it is. Inspect it: quorate recover; then complete it: quorate apply`
    : `taken back on ${names}; members stay stopped, with the data that they had before. Inspect them: quorate recover`
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
