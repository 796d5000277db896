/** etcd's binaries from a release: an archive with its SHA256SUMS file, from the project's site or a mirror. */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { createGunzip } from 'node:zlib'
import { QuorateError } from '../errors.ts'
import { minorOf } from '../etcd/versions.ts'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Architecture, ArtifactContext, Fetched } from './artifact.ts'
import { downloadFile, downloadText } from './download.ts'
import { extractPrograms, pickFromRelease } from './extract.ts'
import { checkArchivePin } from './pins.ts'
import { DEFAULT_LIMITS, fillTemplate, httpUrl, openNetwork, printable } from './network.ts'

type ReleaseSource = Extract<EtcdSource, { kind: 'release' }> & { readonly archivePin?: string | undefined }

const MAX_CHECKSUMS_BYTES = 1 << 20

const ELSEWHERE =
  'set one of these keys in the cluster file: `etcd.source.modules` (build etcd with Go), `etcd.source.release.mirror`, `etcd.source.file` (an archive or a directory)'

/** Downloads, compares with the pinned checksum or else the published one, and only then unpacks into `staging`. */
export async function fetchRelease(
  source: ReleaseSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  const limits = { ...DEFAULT_LIMITS, ...context.limits }
  const url = httpUrl(expandTemplate(source.url, version, arch), 'the release')
  const checksums = httpUrl(expandTemplate(source.checksums, version, arch), 'the checksums')
  const network = openNetwork(source.proxy, context.environment ?? process.env, limits)
  const archive = path.join(staging, 'release.tar.gz')
  try {
    const missing = `the source has no etcd ${version} for ${arch}`
    const download = { network, limits, missing, elsewhere: ELSEWHERE, context }
    context.emit({ kind: 'artifact', text: `downloading etcd ${version} for ${arch} from ${url.host}` })
    // With a pin, the mirror's own checksum doesn't matter.
    const expected =
      source.archivePin ??
      findChecksum(await downloadText({ ...download, url: checksums }, MAX_CHECKSUMS_BYTES), url, checksums)
    const actual = await downloadFile({ ...download, url }, archive)
    if (source.archivePin !== undefined) checkArchivePin(expected, actual, arch, printable(url))
    else if (actual !== expected) {
      throw new QuorateError(
        'artifact',
        `${printable(url)} differs from what was published: its SHA-256 is ${actual}, ${printable(checksums)} says ${expected}`,
        {
          id: 'checksum-is-not-published',
          hint: "try again; if the checksum stays wrong, don't use this source. The file was discarded",
        },
      )
    }
    const names = await extractPrograms([createReadStream(archive), createGunzip()], {
      pick: pickFromRelease,
      directory: staging,
      origin: printable(url),
      signal: context.signal,
    })
    return { names, origin: printable(url), archiveSha256: actual }
  } finally {
    await rm(archive, { force: true })
    // Not close(), which would wait for a stalled answer.
    await network.destroy()
  }
}

/** Fills `{version}`, `{minor}` and `{arch}` of a URL. Throws a `cluster-file` error for any other `{…}`. */
export function expandTemplate(template: string, version: string, arch: Architecture): string {
  return fillTemplate(template, { version, minor: minorOf(version), arch })
}

/** The archive's line in a SHA256SUMS file; a file with only one checksum is accepted too. */
export function findChecksum(sums: string, archive: URL, checksums: URL): string {
  const wanted = decodeURIComponent(path.posix.basename(archive.pathname))
  const lone = /^\s*([0-9a-f]{64})\s*$/i.exec(sums)?.[1]
  if (lone !== undefined) return lone.toLowerCase()
  for (const line of sums.split('\n')) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *](.+?)\r?$/i.exec(line) ?? []
    if (sum !== undefined && name !== undefined && path.posix.basename(name) === wanted)
      return sum.toLowerCase()
  }
  throw new QuorateError('artifact', `${printable(checksums)} has no SHA-256 for ${wanted}`, {
    id: 'no-published-checksum',
    hint: 'check the URLs of the archive and of its checksums in the cluster file',
  })
}
