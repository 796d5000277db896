/** `--keep hourly=24,daily=7`: how many backups of each kind. */
import { QuorateError } from '../errors.ts'
import type { Retention } from '../spec/backup.ts'
import { type CommandInput, textOption } from './command.ts'

const KINDS = ['hourly', 'daily', 'weekly', 'monthly'] as const

/** @throws QuorateError `usage` */
export function keepOption(input: CommandInput): Partial<Retention> | undefined {
  const text = textOption(input, 'keep')
  if (text === undefined) return undefined
  const keep: Partial<Record<keyof Retention, number>> = {}
  for (const part of text.split(',')) {
    const [name, count = ''] = part.trim().split('=')
    const kind = KINDS.find((one) => one === name)
    if (kind === undefined || !/^\d{1,3}$/.test(count)) {
      throw new QuorateError('usage', `--keep ${text}: '${part}' is not KIND=COUNT`, {
        hint: 'write for example hourly=24,daily=7,weekly=5,monthly=12; kinds that you omit stay as in the cluster file',
      })
    }
    keep[kind] = Number(count)
  }
  return keep
}
