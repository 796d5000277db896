/** etcd's binaries out of Debian's archive: the packages `etcd-server` and `etcd-client` of a suite, verified by apt. */
import { spawn } from 'node:child_process'
import { chown, readdir } from 'node:fs/promises'
import { once } from 'node:events'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { temporaryFolder } from '../files/temporary.ts'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Apt, AptPackage } from './apt.ts'
import { openApt } from './apt.ts'
import type { Architecture, ArtifactContext, BinaryName, Fetched } from './artifact.ts'
import { extractPrograms, pickFromPackage } from './extract.ts'
import { sha256OfFile } from './hash.ts'

type DebianSource = Extract<EtcdSource, { kind: 'debian' }>
type AptContext = Omit<ArtifactContext, 'cacheDirectory' | 'limits'>

const PACKAGES = ['etcd-server', 'etcd-client'] as const

/**
 * Asks the archive through an apt of its own (no list, cache or setting of the system is touched) and unpacks the
 * programs into `staging`. Needs no root. Throws an `artifact` error if the suite has another version now.
 */
export async function fetchDebian(
  source: DebianSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  return await withPackages(source, arch, context, async (apt, packages) => {
    const server = checkVersions(packages, source.suite, version, arch)
    context.emit({
      kind: 'artifact',
      text: `downloading etcd ${server.version} for ${arch} from Debian ${source.suite}`,
    })
    await apt.download(packages)
    const names = await Promise.all(packages.map((found) => unpack(found, apt, staging, context)))
    return { names: names.flat(), origin: `Debian ${source.suite}, etcd-server ${server.version}` }
  })
}

/** The version of etcd that a suite has now, `3.5.16`; undefined if it has none for `arch`. Errors as `fetchDebian`. */
export async function debianVersion(
  source: Pick<DebianSource, 'suite' | 'mirror'>,
  arch: Architecture,
  context: AptContext,
): Promise<string | undefined> {
  return await withPackages({ kind: 'debian', ...source }, arch, context, async (_, packages) => {
    const server = packages.find((found) => found.name === PACKAGES[0])
    return server === undefined ? undefined : upstreamVersion(server.version)
  })
}

async function withPackages<Result>(
  source: DebianSource,
  arch: Architecture,
  context: AptContext,
  use: (apt: Apt, packages: readonly AptPackage[]) => Promise<Result>,
): Promise<Result> {
  const { stagingDirectory } = context
  await using root = await temporaryFolder({
    places: stagingDirectory === undefined ? undefined : [stagingDirectory],
    purpose: 'apt',
  })
  const apt = await openApt(source, arch, root.path, context)
  context.emit({ kind: 'artifact', text: `reading Debian's package list of ${source.suite} for ${arch}` })
  await apt.update()
  return await use(apt, await apt.show(PACKAGES))
}

function checkVersions(
  packages: readonly AptPackage[],
  suite: string,
  version: string,
  arch: string,
): AptPackage {
  for (const name of PACKAGES) {
    const found = packages.find((one) => one.name === name)
    if (found === undefined) {
      throw new QuorateError('artifact', `Debian ${suite} has no package ${name} for ${arch}`, {
        hint: 'Check the suite in the cluster file, or take etcd from a release or a file.',
      })
    }
    const upstream = upstreamVersion(found.version)
    if (upstream !== version) {
      throw new QuorateError(
        'artifact',
        `Debian ${suite} has etcd ${upstream} now, the cluster file wants ${version}`,
        {
          hint: `Write version: '${upstream}' in the cluster file, or take ${version} from a release or a file.`,
        },
      )
    }
  }
  const [server] = packages.filter((found) => found.name === PACKAGES[0])
  if (server === undefined) throw new TypeError('checked above')
  return server
}

/** etcd's own version in a Debian one: `3.3.25` for `3.3.25+dfsg-6+b6`. */
export function upstreamVersion(debian: string): string {
  return debian
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[+~](dfsg|ds)[\d.]*$/, '')
}

async function unpack(
  found: AptPackage,
  apt: Apt,
  staging: string,
  context: ArtifactContext,
): Promise<BinaryName[]> {
  const { signal } = context
  const [file] = (await readdir(apt.downloads)).filter((name) => name.startsWith(`${found.name}_`))
  if (file === undefined) throw new QuorateError('artifact', `apt downloaded no ${found.name}`)
  const location = path.join(apt.downloads, file)
  if (process.getuid?.() === 0) await chown(location, 0, 0)
  // apt has checked it; once more, because its unprivileged helper could write to it until a moment ago.
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
  const [names] = await Promise.all([
    extractPrograms([program.stdout], { pick: pickFromPackage, directory: staging, origin: file, signal }),
    ended,
  ])
  if (program.exitCode !== 0)
    throw new QuorateError('artifact', `dpkg-deb could not read ${file}: ${complaint.trim()}`)
  return names
}
