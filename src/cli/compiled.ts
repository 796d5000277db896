/**
 * Loads a CommonJS file with compiled code from earlier runs. Node.js' own cache (`enableCompileCache`) only keeps what
 * is compiled while the file is loaded; this one also keeps functions that were called later.
 */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Module, createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'
import { crc32 } from 'node:zlib'

/** The first line of the cached file, as JSON. */
interface Head {
  /** Identifies the file that was compiled, and distinguishes it from an earlier file at the same path (by `stat`). */
  readonly source: string
  /** CRC-32 of the code. */
  readonly sum: number
  /** The commands that were run: another command calls functions that are not in the cache yet. */
  readonly commands: readonly string[]
}

/** A limit: there are fewer commands than this. */
const MOST_COMMANDS = 100

/**
 * @param folder the cache for compiled code, which no other user can write to. undefined: no cache
 * @param command the command that runs, e.g. `apply`; empty: help
 * @returns what the file exports; it is evaluated once per process
 */
export function loadCompiled(file: string, folder: string | undefined, command: string): unknown {
  const require = createRequire(file)
  const present = require.cache[file]
  if (present !== undefined) return present.exports
  const { size, ino, mtimeMs, ctimeMs } = statSync(file)
  const source = [process.version, size, ino, mtimeMs, ctimeMs].join(' ')
  // Help calls little of the commands' code, and would only load more slowly with all of it.
  const name = `${crc32(file).toString(16)}-${command === '' ? 'help' : 'commands'}.code`
  const place = folder === undefined ? undefined : path.join(folder, name)
  const kept = place === undefined ? undefined : readKept(place, source)
  const script = new vm.Script(Module.wrap(readFileSync(file, 'utf8')), {
    filename: file,
    cachedData: kept?.code,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const before = script.cachedDataRejected === false ? (kept?.head.commands ?? []) : []
  if (place !== undefined && !before.includes(command) && before.length < MOST_COMMANDS) {
    process.once('exit', () => {
      keep(place, { source, commands: [...before, command] }, script.createCachedData())
    })
  }
  const module = new Module(file)
  module.filename = file
  require.cache[file] = module
  const run = script.runInThisContext() as (...values: readonly unknown[]) => void
  run.call(module.exports, module.exports, require, module, file, path.dirname(file))
  return module.exports
}

function readKept(place: string, source: string): { readonly head: Head; readonly code: Buffer } | undefined {
  try {
    const kept = readFileSync(place)
    const end = kept.indexOf('\n')
    const head = JSON.parse(kept.toString('utf8', 0, end)) as Head
    const code = kept.subarray(end + 1)
    return head.source === source && head.sum === crc32(code) ? { head, code } : undefined
  } catch {
    // Missing or incomplete: it is created again.
    return undefined
  }
}

/** The cache only makes the next start faster, so a failure to write it is not reported. */
function keep(place: string, head: Omit<Head, 'sum'>, code: Buffer): void {
  const draft = `${place}.${process.pid}`
  try {
    const first = `${JSON.stringify({ ...head, sum: crc32(code) } satisfies Head)}\n`
    writeFileSync(draft, Buffer.concat([Buffer.from(first), code]), { mode: 0o600, flag: 'wx' })
    renameSync(draft, place)
  } catch {
    rmSync(draft, { force: true })
  }
}
