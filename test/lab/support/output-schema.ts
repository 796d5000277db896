/** Validates what quorate prints with `--json` against the schema of its command, in every test that runs quorate. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { COMMANDS } from '../../../src/cli/commands.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../../schema/output')

/** By command. Compiled at its first output. */
const compiled = new Map<string, ValidateFunction>()
let ajv: Ajv | undefined

/**
 * @param args quorate's arguments
 * @throws Error naming what is invalid; ignores truncated outputs
 */
export function checkOutput(args: readonly string[], stdout: string): void {
  const command = commandOf(args)
  if (command === undefined) return
  for (const value of valuesIn(stdout)) {
    const fits = validator(command)
    if (fits(value)) continue
    const shown = JSON.stringify(value).slice(0, 2000)
    throw new Error(`quorate ${command} --json does not fit its schema: ${why(fits)}\n${shown}`)
  }
}

/** undefined: it prints no JSON. */
export function commandOf(args: readonly string[]): string | undefined {
  const dashes = args.indexOf('--')
  const own = dashes === -1 ? args : args.slice(0, dashes)
  if (!own.includes('--json') || own.some((word) => ['--schema', '--help', '-h'].includes(word)))
    return undefined
  const at = own.findIndex(
    (word, index) => own[index - 1] !== '-f' && COMMANDS.some(({ name }) => name.split(' ')[0] === word),
  )
  const named = (words: number) => COMMANDS.find(({ name }) => name === own.slice(at, at + words).join(' '))
  const definition = at === -1 ? undefined : (named(2) ?? named(1))
  return definition === undefined || definition.json === 'none' ? undefined : definition.name
}

/** One value, or one per line. */
function valuesIn(stdout: string): readonly unknown[] {
  const whole = parsed(stdout)
  if (whole !== undefined) return [whole]
  return stdout.split('\n').flatMap((line) => parsed(line) ?? [])
}

/** undefined: none, or only its beginning. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function validator(command: string): ValidateFunction {
  const present = compiled.get(command)
  if (present !== undefined) return present
  ajv ??= withSchemas()
  const made = ajv.getSchema(`${command.replaceAll(' ', '-')}.schema.json`)
  if (made === undefined) throw new Error(`quorate ${command} has no schema (npm run generate)`)
  compiled.set(command, made)
  return made
}

function withSchemas(): Ajv {
  const all = new Ajv({ strict: false })
  for (const file of globSync('*.schema.json', { cwd: FOLDER }))
    all.addSchema(JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as object, file)
  return all
}

/** For the closest alternative: the one that failed deepest. */
function why({ errors }: ValidateFunction): string {
  const deepest = (errors ?? []).toSorted(
    (one, other) => other.instancePath.split('/').length - one.instancePath.split('/').length,
  )
  return deepest
    .slice(0, 3)
    .map(({ instancePath, message = '' }) => `${instancePath} ${message}`)
    .join('; ')
}
