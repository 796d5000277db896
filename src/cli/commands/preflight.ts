import { EXIT_CODES } from '../../errors.ts'
import { furtherListeners } from '../../etcd/configuration.ts'
import { describeHazards } from '../../etcd/hazards.ts'
import { preflight } from '../../tiers/etcd/preflight.ts'
import { summarize } from '../../preflight/checks.ts'
import type { CommandHandler } from '../command.ts'
import { formatReport } from '../render-preflight.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const LOCAL_METRICS = 'http://127.0.0.1:2381'
const METRICS_NOTE =
  'note: every local user of an etcd node can read its metrics (http://127.0.0.1:2381, no keys or values); with etcd.metrics: clients only clients with a certificate can'

const preflightCommand: CommandHandler = async (context) => {
  const cluster = await loadForCommand(context, true)
  return await withSession(
    context,
    async (session) => {
      const report = await preflight(session)
      const summary = summarize(report)
      const versionWarnings = describeHazards(cluster.etcd.version)
      if (context.json) {
        printValue(context, 'preflight', { summary, checks: report.checks, versionWarnings })
      } else {
        const { green, yellow, red } = context.colors
        const painter = { ok: green, warning: yellow, failure: red }
        context.out(formatReport(report, { verbose: context.verbose, painter }))
        if (versionWarnings.length > 0) context.out('\n')
        for (const text of versionWarnings) context.out(`${yellow('!')} ${text}\n`)
        if (furtherListeners(cluster).some(({ text }) => text === LOCAL_METRICS))
          context.out(`\n${METRICS_NOTE}\n`)
      }
      return summary.failures > 0 ? EXIT_CODES.preflight : 0
    },
    { cluster, events: 'none' },
  )
}

export default preflightCommand
