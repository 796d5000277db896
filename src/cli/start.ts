#!/usr/bin/env node
/**
 * The program's first file. It imports nothing that is not in it, and is built for a Node.js far older than the one that
 * quorate needs (script/build.mjs), so that such a one says what is wrong instead of ending with a SyntaxError.
 */
import { EXIT_CODES } from '../errors.ts'

/** `22.15`, from package.json. */
declare const NEEDED_NODE: string

/** Beside this file once it is built. */
const PROGRAM: string = './program.js'

const present = process.versions.node
if (isOlder(present, NEEDED_NODE)) refuse()
// Not awaited: old ones could not read that.
else void import(PROGRAM)

/** Compares the first two numbers: a needed version has no more. */
function isOlder(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}

function refuse(): void {
  const message = `Node.js ${NEEDED_NODE} or newer is needed, and this is ${present} (${process.execPath})`
  const hint =
    'install a newer one, like `npm install --global node@24`; or run ./quorate of a checkout after script/setup, which brings its own'
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ error: { code: 'runtime', message, fix: hint, hint } })}\n`)
  else process.stderr.write(`error: ${message}\n\n  fix: ${hint}\n`)
  process.exitCode = EXIT_CODES.runtime
}
