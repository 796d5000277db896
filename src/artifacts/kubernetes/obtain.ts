/** The way in to a Kubernetes' programs: from quorate's cache, or built. */
import { createHash } from 'node:crypto'
import { mkdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { draftFolderBeside, sweep } from '../../files/temporary.ts'
import type { Architecture, Artifact, ArtifactContext } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import { type Product, findCached, store } from '../cache.ts'
import { checkArchitecture } from '../elf.ts'
import type { GoSource } from '../go-source.ts'
import { runProgram } from '../program.ts'
import { BUILT_PROGRAMS, type BuiltProgram, type KubernetesVersions, buildKubernetes } from './build.ts'
import { corednsProgram, flannelProgram, kubernetesProgram, pauseProgram } from './programs.ts'

const PRODUCT: Product<BuiltProgram> = { title: 'Kubernetes', names: BUILT_PROGRAMS }

const TIMEOUT_MS = 30_000

/**
 * The programs of these versions, built from Go modules unless they are in the cache. Two runs at once may both build; both
 * get the same complete entry.
 *
 * @throws QuorateError `artifact` if they can't be had or are not what they should be; `cancelled`
 */
export async function obtainKubernetes(
  source: GoSource,
  versions: KubernetesVersions,
  arch: Architecture,
  context: ArtifactContext,
): Promise<Artifact<BuiltProgram>> {
  const { kubernetes: version } = versions
  try {
    const shelf = path.join(context.cacheDirectory, 'artifacts')
    const entry = path.join(shelf, `kubernetes-${version}-${arch}-modules-${recipe(source, versions)}`)
    const cached = await findCached(entry, PRODUCT, context)
    if (cached !== undefined) return cached
    await mkdir(shelf, { recursive: true, mode: 0o700 })
    await sweep(shelf)
    const staging = await draftFolderBeside(entry)
    try {
      const origin = await buildKubernetes(source, versions, arch, staging, context)
      for (const name of BUILT_PROGRAMS) await checkArchitecture(path.join(staging, name), name, arch, origin)
      if (arch === ownArchitecture()) await checkVersions(staging, versions, origin, context)
      const made = { version, arch, origin, names: BUILT_PROGRAMS }
      return await store(entry, staging, PRODUCT, made, context)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } catch (error) {
    if (context.signal.aborted)
      throw new QuorateError('cancelled', `Building Kubernetes ${version} was cancelled`, { cause: error })
    throw QuorateError.from(error, 'artifact', `Can't obtain Kubernetes ${version} for ${arch}`)
  }
}

/** Tells apart what is built in different ways: everything of it that is ours, and whether the modules were verified. */
function recipe(source: GoSource, { kubernetes, coredns, flannel }: KubernetesVersions): string {
  const programs = [
    kubernetesProgram(kubernetes, { mod: '', sum: '' }),
    corednsProgram(coredns, kubernetes),
    flannelProgram(flannel, '', kubernetes),
    pauseProgram(),
  ]
  const ours = programs.map(({ name, files, stamp }) => ({ name, files, stamp }))
  const verified = source.checksumDatabase ? 'verified' : (source.proxy ?? null)
  return createHash('sha256')
    .update(JSON.stringify([ours, verified]))
    .digest('hex')
    .slice(0, 12)
}

/** Asks each program for its version. A wrong stamp would make it say v0.0.0, and later checks of versions would fail. */
async function checkVersions(
  folder: string,
  { kubernetes, coredns, flannel }: KubernetesVersions,
  origin: string,
  { signal, emit }: ArtifactContext,
): Promise<void> {
  const questions = [
    ['kubernetes', 'kubelet', ['--version'], `Kubernetes v${kubernetes}`],
    ['kubernetes', 'kubeadm', ['version', '-o', 'short'], `v${kubernetes}`],
    ['coredns', 'coredns', ['-version'], `CoreDNS-${coredns}`],
    ['flanneld', 'flanneld', ['--version'], `v${flannel}`],
  ] as const
  for (const [name, startedAs, args, wanted] of questions) {
    const file = path.join(folder, startedAs)
    if (startedAs !== name) await symlink(name, file)
    const result = await runProgram(file, args, { env: {}, signal, timeoutMs: TIMEOUT_MS })
    if (startedAs !== name) await rm(file)
    if (result.notStarted === 'EACCES') {
      emit({ kind: 'artifact', text: `${file} can't be run here (noexec?): its version was not asked` })
      continue
    }
    // flanneld answers on standard error.
    const said = `${result.stdout}\n${result.stderr}`.split('\n').map((line) => line.trim())
    if (said.includes(wanted)) continue
    throw new QuorateError('artifact', `${startedAs} from ${origin} does not say '${wanted}'`, {
      hint: 'run it again; if it stays so, name another Go (kubernetes.source.modules.go)',
      cause: new Error(said.find((line) => line !== '') ?? `exit code ${result.exitCode}`),
    })
  }
}
