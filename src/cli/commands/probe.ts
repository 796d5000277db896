import { QuorateError } from '../../errors.ts'
import { probe } from '../../verbs/status/probe.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { type CommandHandler, textOption } from '../command.ts'
import { rateOption } from '../probe-choice.ts'
import { renderAvailability } from '../render-availability.ts'
import { withSession } from '../with-session.ts'
import { printValue, valueText } from '../output/print-json.ts'

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 }

const probeCommand: CommandHandler = async (context, input) => {
  const forMs = parseDuration(textOption(input, 'for') ?? '30s')
  const rate = rateOption(input, 'rate', '--rate')
  const output = textOption(input, 'output')
  // Ctrl-C is the ordinary way to end it early: the connections are still needed for the report.
  const patient = { ...context, signal: new AbortController().signal }
  const availability = await withSession(
    patient,
    async (session) => await probe(session, { forMs, rate, until: context.signal }),
  )
  if (output !== undefined) await replaceFile(output, valueText('probe', availability), 0o600)
  if (context.json) printValue(context, 'probe', availability)
  else context.out(renderAvailability({ type: 'availability', ...availability }, context.colors))
  return availability.verdict.unnoticed ? 0 : 1
}

/** `90s`, `10m`, `1h`, in ms; a bare number is seconds. @throws QuorateError `usage` */
function parseDuration(text: string): number {
  const { number, unit = 's' } = /^(?<number>[1-9]\d{0,5})(?<unit>[smh])?$/.exec(text)?.groups ?? {}
  const unitMs = UNIT_MS[unit as keyof typeof UNIT_MS]
  const ms = Number(number) * unitMs
  if (ms > 0 && ms <= 24 * UNIT_MS.h) return ms
  throw new QuorateError('usage', `--for: "${text}" is not a duration from 1s to 24h`, {
    hint: 'write for example 30s, 10m or 2h',
  })
}

export default probeCommand
