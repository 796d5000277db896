/**
 * containerd, runc, the CNI plugins and crictl from their projects' releases. The source is the release site, a mirror
 * of it, or a directory with the same files. Each file is compared with its published SHA-256 before anything in it is
 * used.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { createGunzip } from 'node:zlib'
import { QuorateError } from '../../errors.ts'
import { readText, requireReadable } from '../../files/read-file.ts'
import {
  RUNTIME_PROGRAMS,
  type RuntimePart,
  type RuntimeProgram,
  runtimeParts,
} from '../../kubernetes/runtime-parts.ts'
import type { ContainerdSource, ContainerdSpec } from '../../spec/containerd.ts'
import type { Architecture, ArtifactContext, ArtifactFile } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import { downloadFile, downloadText } from '../download.ts'
import { checkArchitecture } from '../elf.ts'
import { extractPrograms } from '../extract.ts'
import { sha256OfFile } from '../hash.ts'
import { DEFAULT_LIMITS, httpUrl, openNetwork, printable } from '../network.ts'
import { runProgram } from '../program.ts'
import { findChecksum } from '../release.ts'
import { fromShelf } from '../shelf.ts'
import { type Published, publishedAs } from './published.ts'

const MOST_CHECKSUM_BYTES = 1 << 20
const VERSION_TIMEOUT_MS = 30_000

const ELSEWHERE =
  'set `kubernetes.containerd.source` in the cluster file to `distribution`, or set `kubernetes.containerd.source.release.mirror` or `kubernetes.containerd.source.folder`'

/**
 * The programs for nodes of this architecture: from the cache, or downloaded and verified.
 *
 * @throws QuorateError `artifact` if they are unavailable or differ from what was published; `cancelled`
 */
export async function obtainContainerd(
  spec: ContainerdSpec,
  arch: Architecture,
  context: ArtifactContext,
): Promise<readonly ArtifactFile<RuntimeProgram>[]> {
  const all: ArtifactFile<RuntimeProgram>[] = []
  for (const part of runtimeParts(spec)) all.push(...(await obtainPart(part, spec.source, arch, context)))
  return all
}

async function obtainPart(
  part: RuntimePart,
  source: ContainerdSource,
  arch: Architecture,
  context: ArtifactContext,
): Promise<readonly ArtifactFile<RuntimeProgram>[]> {
  const { product, version } = part
  const names: readonly RuntimeProgram[] = RUNTIME_PROGRAMS[product]
  const published = publishedAs(part, arch)
  const site = source.kind === 'release' ? source.base : source.path
  const key = `${source.kind}-${createHash('sha256').update(site).digest('hex').slice(0, 12)}`
  const wanted = { product: { title: published.title, names }, folder: product, version, arch, key }
  const { files } = await fromShelf<RuntimeProgram>(wanted, context, async (staging) => {
    const file = path.join(staging, 'published')
    const origin =
      source.kind === 'release'
        ? await download(source, published, { file, version, arch }, context)
        : await copy(source, published, file, context)
    await unpack(published, names, { file, staging, origin }, context)
    await rm(file, { force: true })
    for (const name of names) await checkArchitecture(path.join(staging, name), name, arch, origin)
    if (product === 'runc' && arch === ownArchitecture())
      await checkRunc(path.join(staging, 'runc'), version, origin, context)
    return { origin, names }
  })
  return files
}

async function download(
  { base, proxy }: Extract<ContainerdSource, { kind: 'release' }>,
  { title, path: folder, file: name, checksums: sums }: Published,
  { file, version, arch }: { readonly file: string; readonly version: string; readonly arch: Architecture },
  context: ArtifactContext,
): Promise<string> {
  const url = httpUrl(`${base}/${folder}/${name}`, `the release of ${title}`)
  const checksums = httpUrl(`${base}/${folder}/${sums}`, `the checksums of ${title}`)
  const limits = { ...DEFAULT_LIMITS, ...context.limits }
  const network = openNetwork(proxy, context.environment ?? process.env, limits)
  const missing = `the source has no ${title} ${version} for ${arch}`
  const site = { network, limits, missing, elsewhere: ELSEWHERE, context }
  try {
    context.emit({
      kind: 'artifact',
      text: `downloading ${title} ${version} for ${arch} from ${url.host}`,
    })
    const expected = findChecksum(
      await downloadText({ ...site, url: checksums }, MOST_CHECKSUM_BYTES),
      url,
      checksums,
    )
    const actual = await downloadFile({ ...site, url }, file)
    if (actual !== expected) throw otherThanPublished(printable(url), actual, printable(checksums), expected)
    return printable(url)
  } finally {
    // Not close(), which would wait for a stalled answer.
    await network.destroy()
  }
}

/** A private copy: what is verified is what is unpacked, even if the original file changes. */
async function copy(
  { path: folder }: Extract<ContainerdSource, { kind: 'folder' }>,
  { title, file: name, checksums: sums }: Published,
  file: string,
  { emit, signal }: ArtifactContext,
): Promise<string> {
  const [from, checksums] = [path.join(folder, name), path.join(folder, sums)]
  emit({ kind: 'artifact', text: `reading ${title} from ${from}` })
  for (const one of [from, checksums]) {
    await requireReadable(one, { code: 'artifact' }).catch((error: unknown) => {
      throw QuorateError.from(error, 'artifact', `can't read ${one}`, {
        id: 'source-is-unreadable',
        hint: `put the files ${name} and ${sums} of the release of ${title} into ${folder}`,
      })
    })
  }
  const text = await readText(checksums, { code: 'artifact' })
  const expected = findChecksum(text, pathToFileURL(from), pathToFileURL(checksums))
  await pipeline(createReadStream(from), createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
  const actual = await sha256OfFile(file, signal)
  if (actual !== expected) throw otherThanPublished(from, actual, checksums, expected)
  return from
}

function otherThanPublished(what: string, actual: string, checksums: string, expected: string): QuorateError {
  return new QuorateError(
    'artifact',
    `${what} differs from what was published: its SHA-256 is ${actual}, ${checksums} says ${expected}`,
    {
      id: 'checksum-is-not-published',
      hint: "try again; if the checksum stays wrong, don't use this source. The file was discarded",
    },
  )
}

/** Only runc's release file has no version in its name. */
async function checkRunc(
  file: string,
  version: string,
  origin: string,
  { emit, signal }: ArtifactContext,
): Promise<void> {
  await chmod(file, 0o755)
  const { stdout, exitCode } = await runProgram(file, ['--version'], {
    env: {},
    signal,
    timeoutMs: VERSION_TIMEOUT_MS,
  })
  if (exitCode !== 0) {
    const text = `${origin} can't be run on the workstation: its version was not verified`
    emit({ kind: 'artifact', text })
    return
  }
  const found = /^runc version (\S{1,40})/m.exec(stdout)?.[1] ?? 'unknown'
  // A distribution appends to the version (`1.1.15+ds1`); a release candidate is a different version (`1.5.3-rc.1`).
  if (found === version || found.startsWith(`${version}+`)) return
  throw new QuorateError('artifact', `${origin} is runc ${found}, but the cluster file names ${version}`, {
    id: 'another-version-is-printed',
    hint: `set kubernetes.containerd.runc: "${found}", or name the right source (kubernetes.containerd.source)`,
  })
}

interface Taken {
  readonly file: string
  readonly staging: string
  readonly origin: string
}

async function unpack(
  { directory, title }: Published,
  names: readonly RuntimeProgram[],
  { file, staging, origin }: Taken,
  { signal }: ArtifactContext,
): Promise<void> {
  const [first] = names
  if (directory === undefined && first !== undefined) {
    await rename(file, path.join(staging, first))
    return
  }
  const found = await extractPrograms([createReadStream(file), createGunzip()], {
    pick: (entry) => names.find((name) => entry === `${directory ?? ''}${name}`),
    directory: staging,
    origin,
    signal,
  })
  const missing = names.filter((name) => !found.includes(name))
  if (missing.length === 0) return
  throw new QuorateError('artifact', `${origin} has no ${missing.join(', ')}`, {
    id: 'program-is-missing',
    hint: `use the archive that the project publishes as the release of ${title}`,
  })
}
