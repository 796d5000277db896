import { overviewRows } from '../../spec/overview.ts'
import type { CommandHandler } from '../command.ts'
import { renderTable } from '../table.ts'
import { loadForCommand } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const nodes: CommandHandler = async (context) => {
  const rows = overviewRows(await loadForCommand(context))
  if (context.json) {
    printValue(context, 'nodes', rows)
    return 0
  }
  const header = ['NODE', 'ADDRESSES', 'ROLES', 'GROUPS', 'NAMES', 'SSH'].map(context.colors.dim)
  const cells = rows.map(({ name, addresses, roles, groups, names, ssh }) => [
    name,
    addresses.join(', '),
    list(roles),
    list(groups),
    list(names),
    ssh,
  ])
  context.out(renderTable([header, ...cells]))
  return 0
}

function list(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(', ')
}

export default nodes
