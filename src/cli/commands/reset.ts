import { QuorateError } from '../../errors.ts'
import type { AnyStep } from '../../tiers/etcd/steps/steps.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { ETCD_TIER, chooseTier } from '../../verbs/reset/choose-tier.ts'
import { reset } from '../../verbs/reset/reset.ts'
import type { TierResetReport } from '../../verbs/reset/stages.ts'
import { resetTier } from '../../verbs/reset/tier-reset.ts'
import { confirmByTyping } from '../ask.ts'
import { type Consequences, renderConsequences } from '../consequences.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
import { NOTHING_TO_RESET } from '../unchanged.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import type { Lines } from '../output/lines.ts'

const resetCommand: CommandHandler = async (context, input) => {
  const [node] = input.args
  const cluster = await loadForCommand(context)
  const purge = flagOption(input, 'purge')
  const objects = flagOption(input, 'removeObjects')
  const tier = chooseTier(cluster, TIERS, { node, tier: textOption(input, 'tier') })
  requireFitting({ tier, node, purge, objects })
  const confirm = async (waves: readonly (readonly AnyStep[])[], question: string, losses?: Consequences) => {
    const plan = { waves, blocked: [] }
    if (!context.json) context.err(`${renderPlan(plan, context.colors)}\n${planSummary(plan)}\n`)
    if (!context.json && losses !== undefined) context.err(renderConsequences(losses, context.colors))
    await confirmByTyping(context, question, cluster.name, textOption(input, 'confirm'))
  }
  return await withSession(
    context,
    async (session, ask) => {
      const report =
        tier === ETCD_TIER
          ? await reset(session, {
              node,
              purge,
              confirm: async ({ steps, hosts }) =>
                await ask(
                  async () => await confirm([steps], etcdQuestion(hosts, purge), etcdLosses(node, purge)),
                ),
            })
          : await resetTier(session, {
              tier,
              node,
              objects,
              confirm: async ({ waves, hosts, tiers, notes }) =>
                await ask(async () => {
                  const question = `Remove ${tiers.join(' and ')} from ${hosts.join(', ')}; keys and data are renamed.`
                  if (!context.json) context.err(notes.map((note) => `note: ${note}\n`).join(''))
                  await confirm(waves, question)
                }),
            })
      if (context.json) printLine(context, 'reset', asJson(report))
      else context.out(describe(report, tier, context))
      return 0
    },
    { cluster },
  )
}

interface Asked {
  readonly tier: string
  readonly node: string | undefined
  readonly purge: boolean
  readonly objects: boolean
}

/** @throws QuorateError `usage` for options that exclude each other */
function requireFitting({ tier, node, purge, objects }: Asked): void {
  if (tier !== ETCD_TIER && purge)
    throw new QuorateError('usage', `--purge is for the data of etcd: keys and data of ${tier} are renamed`, {
      hint: 'rerun without --purge',
    })
  if (objects && (tier === ETCD_TIER || node !== undefined))
    throw new QuorateError('usage', '--remove-objects works only if Kubernetes is reset on all nodes', {
      hint: 'run quorate reset --tier kubernetes --remove-objects',
    })
}

function etcdQuestion(hosts: readonly string[], purge: boolean): string {
  const where = hosts.join(', ')
  return `Stop etcd on ${where}, and ${purge ? 'delete' : 'rename'} its data.`
}

function etcdLosses(node: string | undefined, purge: boolean): Consequences {
  const rest = 'the CA, the operator certificate, packages and binaries'
  return {
    loses: purge ? 'all data of etcd on these nodes, permanently' : 'no data',
    keeps: purge ? rest : `the data, renamed; ${rest}`,
    downtime:
      node === undefined ? 'the cluster serves no client after this' : 'none: this node is not a member',
  }
}

type Report = Omit<TierResetReport, 'done'> & { readonly done: readonly AnyStep[] }

function asJson({ done, moved }: Report): Lines['reset'] {
  return { type: 'done', changed: done.length > 0, steps: done.length, moved }
}

function describe({ done, moved }: Report, tier: string, { colors }: CliContext): string {
  if (done.length === 0) return NOTHING_TO_RESET
  const lines = moved.map(({ host, from, to }) => `  ${colors.bold(host)}: ${from} is now ${to}\n`)
  const kept =
    tier === ETCD_TIER
      ? 'The CA and the operator certificate stay on this workstation; packages and binaries stay on the nodes.\n'
      : 'CAs and credentials stay on this workstation; packages, images and kernel settings stay on the nodes. etcd is unchanged.\n'
  return `reset done\n${lines.join('')}${kept}`
}

export default resetCommand
