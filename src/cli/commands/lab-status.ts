import { labState } from '../../verbs/machines/lab.ts'
import type { CommandHandler } from '../command.ts'
import { renderTable } from '../table.ts'
import { loadForCommand } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const labStatusCommand: CommandHandler = async (context) => {
  const state = await labState(await loadForCommand(context))
  if (context.json) printValue(context, 'lab status', state)
  else if (state.machines.length === 0) context.out('no lab is running; start one: quorate lab up\n')
  else {
    const rows = state.machines.map(({ name, addresses, running, pid }) => [
      name,
      addresses.join(', '),
      running ? `runs (PID ${pid})` : 'off',
    ])
    context.out(renderTable([['NODE', 'ADDRESS', 'STATE'], ...rows]))
  }
  return state.state === 'up' ? 0 : 1
}

export default labStatusCommand
