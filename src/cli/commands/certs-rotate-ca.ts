import { QuorateError } from '../../errors.ts'
import type { FollowedClient } from '../../verbs/certificates/ca-followers.ts'
import {
  type RotatePreview,
  type RotateReport,
  type RotationStage,
  rotateCa,
} from '../../verbs/certificates/rotate-ca.ts'
import { stopsMember } from '../../tiers/etcd/steps/actions.ts'
import { OPERATOR } from '../../tiers/etcd/session.ts'
import { confirm } from '../ask.ts'
import { type CommandHandler, type CommandInput, flagOption } from '../command.ts'
import { probeChoice } from '../probe-choice.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import type { Lines } from '../output/lines.ts'

const certsRotateCa: CommandHandler = async (context, input) => {
  const stages = stagesOf(input)
  const cluster = await loadForCommand(context)
  const started = performance.now()
  const ask = async (preview: RotatePreview) => {
    if (!context.json && preview.waves.length > 0)
      context.err(`${renderPlan(preview, context.colors)}\n${planSummary(preview)}\n`)
    await confirm(context, QUESTIONS[preview.stage], { stopsMember: stopsMember(preview.waves.flat()) })
  }
  return await withSession(
    context,
    async (session, hold) => {
      const reports: RotateReport[] = []
      const confirmed = async (preview: RotatePreview) => await hold(async () => await ask(preview))
      for (const stage of stages) {
        const report = await rotateCa(session, { stage, confirm: confirmed, probe: probeChoice(input) })
        reports.push(report)
        if (!context.json) context.out(describe(report))
      }
      const durationMs = Math.round(performance.now() - started)
      if (context.json) printLine(context, 'certs rotate-ca', reportJson(reports, durationMs))
      else context.out(`${NEXT[stages.at(-1) ?? 'trust']}\n`)
      return 0
    },
    { cluster },
  )
}

/** @throws QuorateError `usage` for options that contradict each other */
function stagesOf(input: CommandInput): readonly RotationStage[] {
  const given = ['trustOnly', 'finish', 'abort'].filter((name) => flagOption(input, name))
  if (given.length > 1) {
    throw new QuorateError('usage', '--trust-only, --finish and --abort contradict each other', {
      hint: 'give one of them, or none',
    })
  }
  const [only] = given
  if (only === 'finish' || only === 'abort') return [only]
  return only === 'trustOnly' ? ['trust'] : ['trust', 'issue']
}

const QUESTIONS: Readonly<Record<RotationStage, string>> = {
  trust:
    'Have every member trust a new CA beside the present one? Members restart one at a time, the leader last. Clients notice nothing, and --abort goes back.',
  issue:
    "Issue the members' certificates from the new CA? Nothing restarts; but a client whose ca.crt has not got the new CA yet will refuse the members from then on. Has every client got the new ca.crt?",
  finish:
    'Drop the old CA? Members restart one at a time, the leader last. Clients with a certificate from the old CA are refused from then on, and there is no way back. Has every client got a certificate from the new one?',
  abort:
    'Go back to the old CA? Its certificates are issued anew where needed, and the new CA is dropped: members restart one at a time. Clients that have nothing but the new CA, or a certificate from it, are refused from then on.',
}

const DONE: Readonly<Record<RotationStage, string>> = {
  trust: 'every member trusts both CAs',
  issue: 'every member has a certificate from the new CA, and serves it on both ports',
  finish: 'every member trusts the new CA alone',
  abort: 'the old CA signs again, and is the only one that members trust',
}

const NEXT: Readonly<Record<RotationStage, string>> = {
  trust: 'next, once every client has the new ca.crt: quorate certs rotate-ca',
  issue: 'next, once every client has a certificate from the new CA: quorate certs rotate-ca --finish',
  finish: 'the exchange is complete',
  abort: 'the exchange was taken back',
}

function describe({ stage, clients, retired }: RotateReport): string {
  const copies = clients.flatMap((client) => clientLine(stage, client))
  const kept = retired.map(
    (folder) => `  the CA that does not sign any more is kept, with its key, in ${folder}\n`,
  )
  return `${DONE[stage]}\n${copies.join('')}${kept.join('')}`
}

function clientLine(stage: RotationStage, { name, certificate, ca, result }: FollowedClient): string[] {
  if (result === 'gone') {
    return [
      `  ${name}: its files were put beside ${certificate}, and are not there now: hand ${ca} on, or issue it again\n`,
    ]
  }
  if (result === 'waiting') return [`  ${name} waits for the offline CA: quorate certs csr --out DIR\n`]
  if (name === OPERATOR) return []
  const files = result === 'issued' ? `${certificate} and ${ca}` : ca
  return [
    `  ${name}: ${stage === 'finish' ? 'has' : 'copy'} ${files}${stage === 'finish' ? '' : ' to wherever it uses copies of them'}\n`,
  ]
}

function reportJson(reports: readonly RotateReport[], durationMs: number): Lines['certs rotate-ca'] {
  const stages = reports.map(({ done, ...report }) => ({ ...report, steps: done.length }))
  return { type: 'done', changed: reports.some(({ done }) => done.length > 0), stages, durationMs }
}

export default certsRotateCa
