import path from 'node:path'
import { EXIT_CODES, QuorateError } from '../../errors.ts'
import { type UpgradeReport, previewUpgrade, upgrade } from '../../verbs/upgrade/upgrade.ts'
import type { UpgradePreview } from '../../verbs/upgrade/examine.ts'
import { confirm } from '../ask.ts'
import {
  type CommandHandler,
  type CommandInput,
  countOption,
  flagOption,
  textList,
  textOption,
} from '../command.ts'
import { renderConsequences } from '../consequences.ts'
import type { CliContext } from '../context.ts'
import { probeChoice } from '../probe-choice.ts'
import { stepJson } from '../../tiers/etcd/steps/plan-json.ts'
import { renderUpgrade, upgradeLosses, upgradeQuestion } from '../render-upgrade.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printLine, printValue } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const upgradeCommand: CommandHandler = async (context, input) => {
  const started = performance.now()
  const options = optionsOf(input)
  const cluster = await loadForCommand(context)
  const show = (preview: UpgradePreview) => {
    if (context.json) printLine(context, 'upgrade', { type: 'preview', ...preview })
    else context.err(renderUpgrade(cluster.name, preview, context.colors))
  }
  return await withSession(
    context,
    async (session, ask) => {
      if (flagOption(input, 'check')) {
        const preview = await previewUpgrade(session, options)
        if (context.json) printValue(context, 'upgrade', preview)
        else context.out(renderUpgrade(cluster.name, preview, context.colors))
        return preview.problems.some(({ severity }) => severity === 'blocker') ? EXIT_CODES.blocked : 0
      }
      const report = await upgrade(session, {
        ...options,
        probe: probeChoice(input),
        confirm: async (preview) =>
          await ask(async () => {
            show(preview)
            const losses = upgradeLosses(preview)
            if (!context.json && losses !== undefined) context.err(renderConsequences(losses, context.colors))
            await confirm(context, upgradeQuestion(preview), { stopsMember: preview.order.length > 0 })
          }),
      })
      tell(context, report, Math.round(performance.now() - started))
      return 0
    },
    { cluster, events: flagOption(input, 'check') ? 'text' : 'all' },
  )
}

/** @throws QuorateError `usage` */
function optionsOf(input: CommandInput) {
  const to = textOption(input, 'to')
  const abort = flagOption(input, 'abort')
  if (to === undefined && !abort) {
    throw new QuorateError('usage', 'the version is missing', {
      hint: 'rerun with --to VERSION, or with --abort to return to the version in the cluster file',
    })
  }
  const given = textOption(input, 'path')
  return {
    to,
    abort,
    suite: textOption(input, 'suite'),
    path: given === undefined ? undefined : path.resolve(given),
    sha256: textList(input, 'sha256'),
    canarySeconds: countOption(input, 'watch', '--watch'),
  }
}

function tell(context: CliContext, report: UpgradeReport, durationMs: number): void {
  const { changed, from, to, clusterVersion, members, snapshot, done } = report
  if (context.json) {
    const taken = snapshot && { ...snapshot, revision: Number(snapshot.revision) }
    const line = { type: 'done', changed, from, to, clusterVersion, members, snapshot: taken } as const
    const { availability } = report
    printLine(context, 'upgrade', { ...line, steps: done.map(stepJson), durationMs, availability })
    return
  }
  if (!changed) context.out(`${UNCHANGED}: every member runs etcd ${to}\n`)
  else {
    const kept = snapshot === undefined ? '' : `snapshot from before the upgrade: ${snapshot.file}\n`
    const seconds = (durationMs / 1000).toFixed(1)
    context.out(`every member runs etcd ${to}, cluster version ${clusterVersion} (${seconds} s)\n${kept}`)
  }
}

export default upgradeCommand
