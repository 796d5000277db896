import { buffer } from 'node:stream/consumers'
import { type RunResult, allSucceeded, runOnNodes, selectedNodes } from '../../verbs/machines/run.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { errorJson } from '../output/error-json.ts'
import { renderRun } from '../render-run.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'
import type { RunJson } from '../output/values.ts'

const run: CommandHandler = async (context, input) => {
  const [selector = '', ...words] = input.args
  const argv = [...words, ...input.rest]
  const cluster = await loadForCommand(context)
  const stdin = flagOption(input, 'stdin') ? await buffer(process.stdin) : undefined
  const hosts = selectedNodes(cluster, selector).map(({ name }) => name)
  const print = inOrder(hosts, (result, first) => {
    if (!context.json) context.passThrough(`${first ? '' : '\n'}${renderRun(result, argv, context.colors)}`)
  })
  return await withSession(
    context,
    async ({ fleet, signal }) => {
      const root = flagOption(input, 'root')
      const results = await runOnNodes({ cluster, selector, argv, fleet, root, stdin, signal, emit: print })
      if (context.json) printValue(context, 'run', results.map(resultJson))
      return allSucceeded(results) ? 0 : 1
    },
    { cluster },
  )
}

/** Emits each result once the results of all earlier nodes are there: early, but always in the same order. */
function inOrder(
  hosts: readonly string[],
  print: (result: RunResult, first: boolean) => void,
): (result: RunResult) => void {
  const there = new Map<string, RunResult>()
  let next = 0
  return (result) => {
    there.set(result.host, result)
    for (;;) {
      const ready = there.get(hosts[next] ?? '')
      if (ready === undefined) return
      print(ready, next === 0)
      next += 1
    }
  }
}

function resultJson(result: RunResult): RunJson {
  return 'error' in result ? { host: result.host, error: errorJson(result.error) } : result
}

export default run
