import { QuorateError } from '../../errors.ts'
import type { AnyStep } from '../../tiers/etcd/steps/steps.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { ETCD_TIER, chooseTier } from '../../verbs/reset/choose-tier.ts'
import { reset } from '../../verbs/reset/reset.ts'
import type { TierResetReport } from '../../verbs/reset/stages.ts'
import { resetTier } from '../../verbs/reset/tier-reset.ts'
import { confirmByTyping } from '../ask.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
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
  const confirm = async (waves: readonly (readonly AnyStep[])[], question: string) => {
    const plan = { waves, blocked: [] }
    if (!context.json) context.err(`${renderPlan(plan, context.colors)}\n${planSummary(plan)}\n`)
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
                await ask(async () => await confirm([steps], etcdQuestion(hosts, purge))),
            })
          : await resetTier(session, {
              tier,
              node,
              objects,
              confirm: async ({ waves, hosts, tiers, notes }) =>
                await ask(async () => {
                  const question = `${tiers.join(' and ')} will be taken away from ${hosts.join(', ')}; keys and data are moved aside.`
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

/** @throws QuorateError `usage` for options that mean nothing together */
function requireFitting({ tier, node, purge, objects }: Asked): void {
  if (tier !== ETCD_TIER && purge)
    throw new QuorateError('usage', `--purge is for etcd's data: keys and data of ${tier} are moved aside`, {
      hint: 'leave --purge out',
    })
  if (objects && (tier === ETCD_TIER || node !== undefined))
    throw new QuorateError('usage', '--remove-objects is for the reset of all of Kubernetes', {
      hint: 'quorate reset --tier kubernetes --remove-objects',
    })
}

function etcdQuestion(hosts: readonly string[], purge: boolean): string {
  const where = hosts.join(', ')
  return purge
    ? `etcd will be stopped on ${where}, and its data removed for good.`
    : `etcd will be stopped on ${where}, and its data moved aside.`
}

type Report = Omit<TierResetReport, 'done'> & { readonly done: readonly AnyStep[] }

function asJson({ done, moved }: Report): Lines['reset'] {
  return { type: 'done', changed: done.length > 0, steps: done.length, moved }
}

function describe({ done, moved }: Report, tier: string, { colors }: CliContext): string {
  if (done.length === 0) return 'nothing to reset\n'
  const lines = moved.map(({ host, from, to }) => `  ${colors.bold(host)}: ${from} is now ${to}\n`)
  const kept =
    tier === ETCD_TIER
      ? "The CA and the operator's certificate here stay, as do packages and binaries there.\n"
      : 'CAs and credentials here stay, as do packages, images and the kernel’s present settings there; etcd was not touched.\n'
  return `reset done\n${lines.join('')}${kept}`
}

export default resetCommand
