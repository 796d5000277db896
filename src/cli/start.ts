#!/usr/bin/env node
/**
 * The program's first file. After the build it imports nothing, and its syntax is that of Node.js 12
 * (script/build.mjs): an outdated Node.js then reports the required version instead of a SyntaxError.
 */
import { EXIT_CODES } from '../errors.ts'

/** `22.15`, from package.json. */
declare const NEEDED_NODE: string

/** Next to this file after the build. */
const PROGRAM: string = './program.js'

const present = process.versions.node
if (isOlder(present, NEEDED_NODE)) refuse()
// Not awaited, because old versions can't parse top-level await.
else void import(PROGRAM)

/** Compares the first two numbers only: the required version has no more. */
function isOlder(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}

function refuse(): void {
  const message = `Node.js ${NEEDED_NODE} or newer is required, this is ${present} (${process.execPath})`
  const fix =
    'install a newer Node.js (`npm install --global node@24`), or the binary of quorate, which needs none (docs/start/install.md)'
  if (process.argv.includes('--json'))
    process.stdout.write(
      `${JSON.stringify({ formatVersion: 1, error: { code: 'runtime', message, fix, hint: fix } })}
`,
    )
  else
    process.stderr.write(`error: ${message}

  fix: ${fix}
`)
  process.exitCode = EXIT_CODES.runtime
}
