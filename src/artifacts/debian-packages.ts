/** Verified packages of Debian's archive, which are not installed: quorate extracts programs from them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { QuorateError } from '../errors.ts'
import { temporaryFolder } from '../files/temporary.ts'
import { type Apt, type AptPackage, openApt } from './apt.ts'
import type { Architecture, ArtifactContext } from './artifact.ts'
import { sha256OfFile } from './hash.ts'
import type { DebianArchive } from './mirror.ts'

export type AptContext = Omit<ArtifactContext, 'cacheDirectory' | 'limits'>

/**
 * Passes on the suite's current packages with these names (as far as it has them), and an apt that can download them.
 * That apt is separate: it changes no list, cache or setting of the system, and doesn't need root.
 */
export async function withPackages<Result>(
  archive: DebianArchive,
  names: readonly string[],
  arch: Architecture,
  context: AptContext,
  use: (apt: Apt, packages: readonly AptPackage[]) => Promise<Result>,
): Promise<Result> {
  const { stagingDirectory } = context
  await using root = await temporaryFolder({
    places: stagingDirectory === undefined ? undefined : [stagingDirectory],
    purpose: 'apt',
  })
  const apt = await openApt(archive, arch, root.path, context)
  const text = `reading Debian's package list of ${archive.suite} for ${arch}`
  context.emit({ kind: 'artifact', text })
  await apt.update()
  return await use(apt, await apt.show(names))
}

/**
 * The files of a downloaded package, as a tar that `use` reads to its end.
 *
 * @throws QuorateError `artifact` if the package differs from what the archive signed, or can't be read
 */
export async function readPackage<Result>(
  found: AptPackage,
  apt: Apt,
  signal: AbortSignal,
  use: (tar: Readable, file: string) => Promise<Result>,
): Promise<Result> {
  const [file] = (await readdir(apt.downloads)).filter((name) => name.startsWith(`${found.name}_`))
  if (file === undefined) throw new QuorateError('artifact', `apt downloaded no ${found.name}`)
  const location = path.join(apt.downloads, file)
  if (process.getuid?.() === 0) await chown(location, 0, 0)
  // apt has verified it. Verified again, because apt's unprivileged helper could write to it until now.
  const sha256 = await sha256OfFile(location, signal)
  if (sha256 !== found.sha256) {
    throw new QuorateError(
      'artifact',
      `${file} is not what the archive signed: its SHA-256 is ${sha256}, the package list says ${found.sha256}`,
    )
  }
  const program = spawn('dpkg-deb', ['--fsys-tarfile', location], {
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(program, 'close')
  let complaint = ''
  program.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-8192)))
  const [result] = await Promise.all([use(program.stdout, file), ended])
  if (program.exitCode !== 0)
    throw new QuorateError('artifact', `dpkg-deb could not read ${file}: ${complaint.trim()}`)
  return result
}
