/**
 * The command-line tool: parses the command line, runs the command, and turns errors into a message and an exit code.
 */
import { EXIT_CODES, afterInterrupt, interrupted } from '../errors.ts'
import { WRITES_NO_SETTINGS } from './catalog/effects.ts'
import type { CommandDefinition, CommandInput } from './command.ts'
import type { CliContext } from './context.ts'
import { createOutlet } from './outlet.ts'
import { buildProgram, normalizeWords } from './program.ts'
import { renderError } from './render-error.ts'
import { readSharedOptions } from './shared-options.ts'

/**
 * How to report errors before a command runs, or without one: with the shared options, as far as they could be parsed.
 */
type Said = ReturnType<typeof readSharedOptions>

/** Runs the command of this process. Keeps no state from one run to the next. */
export function main(): void {
  // Arguments after two dashes belong to another program, and are not parsed.
  const words = process.argv.slice(2)
  const dashes = words.indexOf('--')
  const own = dashes === -1 ? words : words.slice(0, dashes)
  const rest = dashes === -1 ? [] : words.slice(dashes + 1)
  const said = readSharedOptions({ json: own.includes('--json'), color: !own.includes('--no-color') })
  const signal = abortOnSignals(said)
  endWithReader()
  const runCommand = async (definition: CommandDefinition, input: CommandInput): Promise<void> => {
    const context = contextFor(
      readSharedOptions(input.options),
      signal,
      definition.json,
      !WRITES_NO_SETTINGS.has(definition.name),
    )
    try {
      const { checkValues } = await import('./value-checks.ts')
      checkValues(definition, input)
      const { default: handler } = await definition.load()
      process.exitCode = await handler(context, input)
    } catch (error) {
      process.exitCode = renderError(context, afterInterrupt(error, signal))
    }
  }
  void buildProgram(runCommand, rest)
    .parseAsync(normalizeWords(own), { from: 'user' })
    .catch((error: unknown) => {
      process.exitCode = renderError(contextFor(said, signal), error)
    })
}

function abortOnSignals(said: Said): AbortSignal {
  const stopping = new AbortController()
  let interrupts = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      interrupts += 1
      if (interrupts > 1) {
        // Exits at once, without waiting for running work, but still prints the error.
        process.exit(renderError(contextFor(said, stopping.signal), interrupted()))
      }
      process.stderr.write(
        '\nnote: stopping; completed steps stay done (press Ctrl-C again to exit at once)\n',
      )
      stopping.abort()
    })
  }
  return stopping.signal
}

/**
 * If the reader closes the pipe (`quorate nodes | head`), ends silently like other tools, with the exit code of
 * SIGPIPE: the run was cut short, so it did not succeed.
 */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && stream !== process.stderr) {
        process.stderr.write(`error: can't write the output: ${error.message}\n`)
      }
      process.exit(error.code === 'EPIPE' ? 141 : EXIT_CODES.state)
    })
  }
}

/** Node's types claim that `isTTY` always exists, but for a pipe it is undefined. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY ?? false
}

function contextFor(
  options: Said,
  signal: AbortSignal,
  json: CommandDefinition['json'] = 'value',
  writesSettings = true,
): CliContext {
  const tty = isTerminal(process.stdout) && isTerminal(process.stderr)
  const terminal = tty && isTerminal(process.stdin)
  const wanted =
    process.env['FORCE_COLOR'] !== undefined ||
    (tty && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb')
  return {
    ...createOutlet({
      stdout: process.stdout,
      stderr: process.stderr,
      json: options.json,
      // Only if the output is a terminal, and colors are wanted.
      colors: wanted && options.color,
    }),
    json: options.json,
    jsonEvents: json !== 'value' && json !== 'none',
    verbose: options.verbose,
    writesSettings,
    terminal,
    interactive: terminal && process.env['CI'] === undefined,
    live: isTerminal(process.stderr) && process.env['TERM'] !== 'dumb' && !options.json,
    columns: process.stderr.columns ?? 80,
    file: options.file,
    sudoPasswordFile: options.sudoPasswordFile,
    passphraseFile: options.passphraseFile,
    assumeYes: options.yes,
    patienceFactor: Number(process.env['QUORATE_TEST_PATIENCE'] ?? 1) || 1,
    signal,
    now: () => new Date(),
  }
}
