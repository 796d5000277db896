import { EXIT_CODES, combineErrors } from '../../errors.ts'
import { selectedNodes } from '../../verbs/machines/run.ts'
import { trustHosts } from '../../verbs/machines/trust.ts'
import { trustTargets } from '../../ssh/trust-hosts.ts'
import { knownHostsFile } from '../../tiers/etcd/session.ts'
import type { ScannedKey } from '../../ssh/trust.ts'
import { confirm } from '../ask.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { errorJson } from '../output/error-json.ts'
import { printError } from '../render-error.ts'
import { keyTable } from '../render-keys.ts'
import { loadForCommand, recordedBy } from '../with-session.ts'
import { counted } from '../../spec/units.ts'
import { printValue } from '../output/print-json.ts'

const trustCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const named = input.args.flatMap((name) => selectedNodes(cluster, name))
  const knownHosts = knownHostsFile(cluster)
  const { signal } = context
  const outcome = await trustHosts({
    nodes: trustTargets(cluster, named.length === 0 ? undefined : [...new Set(named)]),
    knownHosts,
    replace: flagOption(input, 'replace'),
    operator: recordedBy(context, cluster),
    signal,
    confirm: async (open) => {
      if (!context.json) {
        context.out(keyTable(open, context))
        context.err(
          'Compare with the output on each node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n',
        )
      }
      await confirm(context, `Record ${count(open.length)}?`)
    },
  })
  const { keys, refused, errors } = outcome
  if (context.json) {
    const shown = keys.map((key) => ({
      ...key,
      recorded: outcome.recorded.includes(key),
      refused: refused.includes(key),
    }))
    printValue(context, 'trust', { keys: shown, errors: errors.map(errorJson) })
  } else {
    const known = keys.filter(({ status }) => status === 'known')
    if (known.length > 0 && context.verbose) context.out(keyTable(known, context))
    if (known.length > 0) context.out(`${count(known.length)} already recorded\n`)
    if (outcome.recorded.length > 0)
      context.out(`${count(outcome.recorded.length)} recorded in ${knownHosts}\n`)
    tellRefused(refused, context)
    if (errors.length > 0) printError(context, combineErrors(errors))
  }
  if (refused.length > 0) return EXIT_CODES['host-key']
  return errors[0]?.exitCode ?? 0
}

function tellRefused(refused: readonly ScannedKey[], context: CliContext): void {
  if (refused.length === 0) return
  const { red, cyan } = context.colors
  context.out(keyTable(refused, context))
  context.err(`${red('error:')} these host keys differ from the trusted ones\n\n`)
  context.err(
    `  ${cyan('fix:')} only if the nodes were reinstalled: quorate trust --replace ${[...new Set(refused.map(({ host }) => host))].join(' ')}\n`,
  )
}

function count(keys: number): string {
  return counted(keys, 'host key')
}

export default trustCommand
