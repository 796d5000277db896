/** Host keys for people to compare. */
import type { ScannedKey } from '../ssh/trust.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'

export function keyTable(keys: readonly ScannedKey[], { colors }: Pick<CliContext, 'colors'>): string {
  const paint = { known: colors.green, new: colors.yellow, changed: colors.red }
  const header = ['NODE', 'NAME', 'KEY', 'FINGERPRINT', 'STATE'].map(colors.dim)
  const rows = keys.map(({ host, jump, name, keyType, fingerprint, status }) => [
    jump ? `jump host for ${host}` : host,
    name,
    keyType,
    fingerprint,
    paint[status](status),
  ])
  return renderTable([header, ...rows])
}
