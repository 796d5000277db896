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
      context.err(`${renderPlan(preview, context.colors)}\n${planSummary(preview)}\n${following(preview)}`)
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

function following({ followers }: RotatePreview): string {
  if (followers.length === 0) return ''
  return `Then the API servers follow, one at a time: ${followers.join(', ')}\n`
}

/** @throws QuorateError `usage` for options that exclude each other */
function stagesOf(input: CommandInput): readonly RotationStage[] {
  const given = ['trustOnly', 'finish', 'abort'].filter((name) => flagOption(input, name))
  if (given.length > 1) {
    throw new QuorateError('usage', '--trust-only, --finish and --abort exclude each other', {
      id: 'conflicting-options',
      hint: 'use one of them, or none',
    })
  }
  const [only] = given
  if (only === 'finish' || only === 'abort') return [only]
  return only === 'trustOnly' ? ['trust'] : ['trust', 'issue']
}

const QUESTIONS: Readonly<Record<RotationStage, string>> = {
  trust:
    'Add a new CA to the trusted CAs of every member? Members restart one at a time, the leader last. No client impact. Undo: --abort.',
  issue:
    'Issue the certificates of all members from the new CA? Nothing restarts. A client without the new ca.crt then refuses the members. Check first that every client has the new ca.crt. Undo: --abort.',
  finish:
    'Remove the old CA? Members restart one at a time, the leader last. Members then refuse clients with a certificate from the old CA. This is permanent. Check first that every client has a certificate from the new CA.',
  abort:
    'Return to the old CA and remove the new one? It reissues certificates where needed, and members restart one at a time. Members then refuse clients that have only the new CA or a certificate from it.',
}

const DONE: Readonly<Record<RotationStage, string>> = {
  trust: 'every member trusts both CAs',
  issue: 'every member has a certificate from the new CA, and serves it on both ports',
  finish: 'every member trusts only the new CA',
  abort: 'the old CA signs again, and members trust only this CA',
}

const NEXT: Readonly<Record<RotationStage, string>> = {
  trust: 'next, when every client has the new ca.crt: quorate certs rotate-ca',
  issue: 'next, when every client has a certificate from the new CA: quorate certs rotate-ca --finish',
  finish: 'the CA rotation is complete',
  abort: 'the CA rotation was undone',
}

function describe({ stage, clients, retired }: RotateReport): string {
  const copies = clients.flatMap((client) => clientLine(stage, client))
  const kept = retired.map((folder) => `  the old CA and its key are kept in ${folder}\n`)
  return `${DONE[stage]}\n${copies.join('')}${kept.join('')}`
}

function clientLine(stage: RotationStage, { name, certificate, ca, result }: FollowedClient): string[] {
  if (result === 'gone') {
    return [
      `  ${name}: its files next to ${certificate} are missing now: distribute ${ca}, or issue it again\n`,
    ]
  }
  if (result === 'waiting') return [`  ${name} waits for the offline CA: quorate certs csr --out DIR\n`]
  if (name === OPERATOR) return []
  const files = result === 'issued' ? `${certificate} and ${ca}` : ca
  return [
    `  ${name}: ${stage === 'finish' ? 'has' : 'copy'} ${files}${stage === 'finish' ? '' : ' to every place that has a copy'}\n`,
  ]
}

function reportJson(reports: readonly RotateReport[], durationMs: number): Lines['certs rotate-ca'] {
  const stages = reports.map(({ done, ...report }) => ({ ...report, steps: done.length }))
  return { type: 'done', changed: reports.some(({ done }) => done.length > 0), stages, durationMs }
}

export default certsRotateCa
