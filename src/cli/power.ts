/** `restart`, `stop` and `start` on the command line: they differ in one word. */
import { QuorateError } from '../errors.ts'
import type { PowerOptions, PowerReport } from '../verbs/power/power.ts'
import { etcdNodes } from '../spec/cluster.ts'
import type { Session } from '../tiers/etcd/session.ts'
import { type CommandInput, flagOption } from './command.ts'
import type { CliContext } from './context.ts'
import { askingForce, quorumLine } from './maintenance.ts'
import { probeChoice } from './probe-choice.ts'
import { loadForCommand, withSession } from './with-session.ts'
import { printLine } from './output/print-json.ts'
import { UNCHANGED } from './unchanged.ts'

export interface PowerVerb {
  readonly act: (session: Session, options: PowerOptions) => Promise<PowerReport>
  readonly question: string
  /** `restarted` */
  readonly past: string
}

/** Exit code 1 if the cluster has no quorum afterwards. */
export async function runPower(
  context: CliContext,
  input: CommandInput,
  { act, question, past }: PowerVerb,
): Promise<number> {
  const all = flagOption(input, 'all')
  if (all === input.args.length > 0)
    throw new QuorateError(
      'usage',
      all ? '--all and names of nodes exclude each other' : 'names of etcd nodes are missing',
      { hint: 'name one or more etcd nodes, such as etcd01' },
    )
  const cluster = await loadForCommand(context)
  return await withSession(
    context,
    async (session, ask) => {
      const report = await act(session, {
        nodes: all ? etcdNodes(cluster).map(({ name }) => name) : input.args,
        skipUnstartable: all,
        force: flagOption(input, 'force'),
        confirm: askingForce(context, ask, input, { question, cluster: cluster.name }),
        probe: probeChoice(input),
      })
      const hosts = report.done.flatMap(({ host }) => host ?? [])
      if (context.json) {
        const { healthyVoters, voters, quorum, availability } = report
        const changed = hosts.length > 0
        printLine(context, 'restart', {
          type: 'done',
          changed,
          nodes: hosts,
          healthyVoters,
          voters,
          quorum,
          availability,
        })
      } else {
        const what = hosts.length === 0 ? UNCHANGED : `${past} ${hosts.join(', ')}`
        context.out(`${what}\n${quorumLine(report)}\n`)
      }
      return report.healthyVoters >= report.quorum ? 0 : 1
    },
    { cluster },
  )
}
