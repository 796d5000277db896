/** What an apply costs that finds nothing to do, and where it has its programs from. */
import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { BenchCluster } from './cluster.ts'
import { must } from './measure.ts'

/** Milliseconds of an apply that finds nothing to do. */
export async function unchanged(cluster: BenchCluster): Promise<number> {
  const { output, durationMs } = await cluster.quorate(['apply'])
  if (!output.includes('nothing to change')) throw new Error(`a second apply changed something:\n${output}`)
  return durationMs
}

/** Logins and commands of a second apply, counted by an `ssh` before the real one on the PATH. */
export async function sshRoundTrips(cluster: BenchCluster, folder: string): Promise<number> {
  const { PATH = '' } = process.env
  const bin = path.join(folder, 'bin')
  await mkdir(bin)
  await copyFile(path.join(import.meta.dirname, 'count-ssh.sh'), path.join(bin, 'ssh'))
  const log = path.join(folder, 'ssh.log')
  const real = (await must(['sh', '-c', 'command -v ssh'])).output.trim()
  await cluster.quorate(['apply'], { PATH: `${bin}:${PATH}`, BENCH_SSH: real, BENCH_SSH_LOG: log })
  const uses = (await readFile(log, 'utf8')).split('\n')
  return uses.filter((use) => use === 'login' || use === 'command').length
}

/**
 * Where a warm-up has put programs: in the tool's cache.
 *
 * @param start of the entry's name, before the architecture, and what comes behind that
 */
export async function cachedPrograms(start: string, end: string): Promise<string> {
  const shelf = path.join(cacheFolder(), 'artifacts')
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const entries = await readdir(shelf)
  const entry = entries.find((name) => name.startsWith(`${start}-${architecture}-${end}`))
  if (entry === undefined) throw new Error(`the programs of ${start} are not in ${shelf}`)
  return path.join(shelf, entry)
}

export function cacheFolder(): string {
  const { XDG_CACHE_HOME: cache } = process.env
  return path.join(cache?.startsWith('/') ? cache : path.join(homedir(), '.cache'), 'quorate')
}
