/** `member add`, `remove` and `replace` on the command line: they differ in how they change the cluster file. */
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { type MemberReport, changeMembers } from '../verbs/members/member.ts'
import type { AddedNode, MemberChange } from '../cluster-file/membership-edit.ts'
import type { MemberPreview } from '../tiers/etcd/member-change.ts'
import { stopsMember } from '../tiers/etcd/steps/actions.ts'
import { trust, trustTargets } from '../ssh/trust-hosts.ts'
import { stepJson } from '../tiers/etcd/steps/plan-json.ts'
import { knownHostsFile } from '../tiers/etcd/session.ts'
import { confirm } from './ask.ts'
import { type CommandInput, countOption, textOption } from './command.ts'
import { renderConsequences } from './consequences.ts'
import type { CliContext } from './context.ts'
import { probeChoice } from './probe-choice.ts'
import { keyTable } from './render-keys.ts'
import { memberLosses, renderMemberChange, renderMemberReport } from './render-member.ts'
import { withSession } from './with-session.ts'
import { counted } from '../spec/units.ts'
import { printLine } from './output/print-json.ts'
import type { Lines } from './output/lines.ts'

export function newNode(name: string, input: CommandInput): AddedNode {
  const identityFile = textOption(input, 'identityFile')
  return {
    name,
    address: textOption(input, 'address'),
    ssh: {
      host: textOption(input, 'sshHost'),
      user: textOption(input, 'user'),
      port: countOption(input, 'port', '--port'),
      identityFile: identityFile === undefined ? undefined : fromHere(identityFile),
      jump: textOption(input, 'jump'),
    },
  }
}

/** In the file, relative paths start from its directory. */
function fromHere(file: string): string {
  return file.startsWith('~/') ? file : path.resolve(file)
}

export async function runMemberChange(
  context: CliContext,
  input: CommandInput,
  change: MemberChange,
): Promise<number> {
  await meetNewMachines(context, change)
  const show = (preview: MemberPreview) => {
    if (context.json) printLine(context, 'member add', previewJson(preview))
    else context.err(renderMemberChange(change, preview, context.colors))
  }
  return await withSession(
    context,
    async (session, ask) => {
      const report = await changeMembers(session, change, {
        probe: probeChoice(input),
        confirm: async (preview) =>
          await ask(async () => {
            show(preview)
            const losses = memberLosses(preview)
            if (!context.json && losses !== undefined) context.err(renderConsequences(losses, context.colors))
            await confirm(context, question(preview), {
              stopsMember: stopsMember([...preview.steps, ...preview.clearing]),
            })
          }),
      })
      tell(context, report)
      return 0
    },
    { cluster: change.wanted },
  )
}

/** A node that is new in the file: shows its host key, asks, and records the key. */
async function meetNewMachines(context: CliContext, { present, wanted }: MemberChange): Promise<void> {
  const known = new Set(present.nodes.map(({ name }) => name))
  const nodes = wanted.nodes.filter(({ name }) => !known.has(name))
  if (nodes.length === 0) return
  const { refused, errors } = await trust({
    nodes: trustTargets(wanted, nodes).filter(({ name }) => !known.has(name)),
    knownHosts: knownHostsFile(wanted),
    signal: context.signal,
    decide: async (open) => {
      context.err(keyTable(open, context))
      context.err('Compare with the output on the node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n')
      await confirm(context, 'Is this the key of the node?')
      return open
    },
  })
  const [error] = errors
  if (error !== undefined) throw error
  const [changed] = refused
  if (changed === undefined) return
  throw new QuorateError(
    'host-key',
    `host key ${changed.fingerprint} differs from the recorded key of ${changed.name}`,
    {
      host: changed.host,
      hint: `only if the node was reinstalled: remove the old line from ${knownHostsFile(wanted)}`,
    },
  )
}

/** The question, naming the risk. */
function question({
  risks,
  fileEdits,
  steps,
  clearing,
  arithmetic: { before, after },
}: MemberPreview): string {
  if (fileEdits.length === 0 && steps.length === 0)
    return `Decommission ${[...new Set(clearing.map(({ host }) => host))].join(', ')}?`
  const file = fileEdits.length === 0 ? '' : 'Write the cluster file and '
  const what =
    before.voters === after.voters
      ? `replace members (still ${counted(after.voters, 'voting member')})`
      : `change from ${before.voters} to ${counted(after.voters, 'voting member')}`
  const sentence = `${file}${file === '' ? what.charAt(0).toUpperCase() + what.slice(1) : what}?`
  return risks.length === 0 ? sentence : `${sentence} Note: ${risks.join('; ')}.`
}

function previewJson({ steps, clearing, ...preview }: MemberPreview): Lines['member add'] {
  return { type: 'preview', ...preview, steps: steps.map(stepJson), clearing: clearing.map(stepJson) }
}

function tell(context: CliContext, report: MemberReport): void {
  if (!context.json) {
    context.out(renderMemberReport(report))
    return
  }
  const { done, ...rest } = report
  printLine(context, 'member add', { type: 'done', ...rest, steps: done.map(stepJson) })
}
