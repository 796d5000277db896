// Runs quorate again and again in one process, each time as in a new one: its modules are loaded and warm from the second
// time on, which is most of what a short command costs. `warm.ts` talks to it.
//
// What there is to be seen of a call is what a process of its own would show. The entry module is evaluated afresh each
// time; the modules beneath it hold no state. A call ends when nothing is left that would keep a process alive, so one
// that forgets to close something hangs here as well.
import { pathToFileURL } from 'node:url'

const [node = '', , program = ''] = process.argv
const entry = pathToFileURL(program).href
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The mark that ends the call's output; undefined between two calls. */
let mark
let calls = 0

process.on('message', (call) => {
  mark = call.mark
  // From here on only the call itself keeps this process alive.
  process.channel.unref()
  for (const name of Object.keys(process.env)) if (!(name in call.env)) delete process.env[name]
  Object.assign(process.env, call.env)
  process.chdir(call.cwd)
  process.argv = [node, program, ...call.args]
  calls += 1
  void import(`${entry}?call=${calls}`)
})

process.on('beforeExit', () => {
  if (mark === undefined) return
  const exitCode = process.exitCode ?? 0
  process.exitCode = undefined
  for (const signal of SIGNALS) process.removeAllListeners(signal)
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error')
    // Writes to pipes are synchronous: all that the call said stands before it.
    stream.write(mark)
  }
  mark = undefined
  process.channel.ref()
  process.send({ exitCode })
})

// Nobody is left to call.
process.on('disconnect', () => process.exit())
