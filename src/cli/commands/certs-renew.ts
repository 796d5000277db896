import { QuorateError } from '../../errors.ts'
import { type RenewPreview, type RenewReport, renewCertificates } from '../../verbs/certificates/renew.ts'
import { OPERATOR } from '../../tiers/etcd/session.ts'
import { confirm } from '../ask.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { probeChoice } from '../probe-choice.ts'
import { renderPlan } from '../render-plan.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { counted } from '../../spec/units.ts'
import { printLine } from '../output/print-json.ts'
import type { Lines } from '../output/lines.ts'

const certsRenew: CommandHandler = async (context, input) => {
  const all = flagOption(input, 'all')
  const share = textOption(input, 'olderThan')
  if (all && share !== undefined) {
    throw new QuorateError('usage', '--all and --older-than exclude each other', {
      id: 'conflicting-options',
      hint: 'use one of them',
    })
  }
  const olderThan = share === undefined ? undefined : parseShare(share)
  const probe = probeChoice(input)
  const nodes = input.args.length > 0 ? input.args : undefined
  const cluster = await loadForCommand(context)
  const started = performance.now()
  const ask = async (preview: RenewPreview) => {
    if (!context.json) context.err(describePreview(preview, context))
    await confirm(context, question(preview))
  }
  return await withSession(
    context,
    async (session, hold) => {
      const asked = async (preview: RenewPreview) => await hold(async () => await ask(preview))
      const report = await renewCertificates(session, { nodes, olderThan, all, probe, confirm: asked })
      const durationMs = Math.round(performance.now() - started)
      if (context.json) printLine(context, 'certs renew', reportJson(report, durationMs))
      else context.out(describe(report, durationMs))
      return report.clients.some(({ result }) => result === 'waiting') ? 1 : 0
    },
    { cluster },
  )
}

/** `2/3`, `0.5` or `80%` as a number from 0 to 1. @throws QuorateError `usage` */
function parseShare(text: string): number {
  const fraction = /^(\d{1,4})\/(\d{1,4})$/.exec(text)
  const [, number, percent] = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const share = fraction
    ? Number(fraction[1]) / Number(fraction[2])
    : Number(number) / (percent === '%' ? 100 : 1)
  if (share > 0 && share <= 1) return share
  throw new QuorateError('usage', `--older-than: "${text}" is not a part of a validity period`, {
    hint: 'write for example 2/3, 0.5 or 80%',
  })
}

function describePreview(preview: RenewPreview, { colors }: CliContext): string {
  const members = preview.waves.length > 0 ? renderPlan(preview, colors) : ''
  const clients = preview.clients
    .map((name) => `  ${colors.yellow('~')} renew ${name}.crt on this workstation\n`)
    .join('')
  const node = preview.schedule
  const schedule =
    node === undefined
      ? ''
      : `${colors.bold(node)}\n  ${colors.yellow('~')} renew the certificate of its backups, with a new key\n`
  return `${members}${schedule}${clients === '' ? '' : `${colors.bold('clients')}\n${clients}`}`
}

function question({ due, clients, schedule, waves }: RenewPreview): string {
  const hosts = new Set(due.map(({ host }) => host)).size
  const what = [
    ...(hosts > 0 ? [`the certificates of ${counted(hosts, 'member')}`] : []),
    ...(schedule === undefined ? [] : [`that of ${schedule}'s backups`]),
    ...(clients.length > 0 ? [`those of ${clients.join(', ')} on this workstation`] : []),
  ]
  const fresh = waves.flat().some((step) => step.kind === 'key' && !step.keep)
  const risk = fresh
    ? 'Nothing restarts. A key changes too: a TLS handshake at that moment may fail; clients retry it.'
    : 'Keys stay and nothing restarts: no connection is lost.'
  return `Renew ${what.join(' and ')}? ${risk}`
}

function reportJson(
  { done, served, clients, schedule, availability }: RenewReport,
  durationMs: number,
): Lines['certs renew'] {
  const changed = done.length + clients.length > 0 || schedule !== undefined
  return {
    type: 'done',
    changed,
    steps: done.length,
    served,
    clients,
    schedule: schedule ?? null,
    durationMs,
    availability,
  }
}

function describe({ done, served, clients, schedule }: RenewReport, durationMs: number): string {
  const lines = served.map(({ host, port, serial, notAfter }) => {
    const until = notAfter.slice(0, 10)
    const both = served.filter((other) => other.host === host).every((other) => other.serial === serial)
    if (both)
      return port === 'peer' ? '' : `  ${host}: serves ${serial} on both ports, valid until ${until}\n`
    return `  ${host}: serves ${serial} on its ${port} port, valid until ${until}\n`
  })
  const kept = clients.map(({ name, certificate, result }) => {
    if (result === 'waiting') return `  ${name} waits for the offline CA: quorate certs csr --out DIR\n`
    const copies = name === OPERATOR ? '' : `: update every copy that ${name} uses`
    return `  ${certificate}${copies}\n`
  })
  const backups =
    schedule === undefined
      ? ''
      : `  ${schedule.host}: the backup certificate is valid until ${schedule.notAfter.slice(0, 10)}\n`
  if (done.length + clients.length === 0 && backups === '')
    return `nothing is due for renewal\n${lines.join('')}`
  return `renewed in ${(durationMs / 1000).toFixed(1)} s\n${lines.join('')}${backups}${kept.join('')}`
}

export default certsRenew
