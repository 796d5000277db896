/** etcd's binaries from the workstation: a directory, or a release archive. */
import { createReadStream, createWriteStream } from 'node:fs'
import { constants, copyFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { QuorateError } from '../errors.ts'
import { requireReadable } from '../files/read-file.ts'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Architecture, ArtifactContext, BinaryName, Fetched } from './artifact.ts'
import { BINARY_NAMES } from './artifact.ts'
import { extractPrograms, pickFromRelease } from './extract.ts'
import { sha256OfFile } from './hash.ts'
import { checkArchivePin } from './pins.ts'

type FileSource = Extract<EtcdSource, { kind: 'file' }> & { readonly archivePin?: string | undefined }

/** Copies or unpacks the binaries into `staging`. Runs nothing. */
export async function fetchFile(
  source: FileSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  const found = await stat(source.path).catch((error: NodeJS.ErrnoException) => {
    const problem = error.code === 'ENOENT' ? 'does not exist' : `can't be read (${error.code})`
    throw new QuorateError('artifact', `${source.path} ${problem}`, {
      id: 'source-is-unreadable',
      hint: `put the binaries of etcd ${version} for ${arch} at that path, or name another source in the cluster file`,
      cause: error,
    })
  })
  context.emit({ kind: 'artifact', text: `reading etcd ${version} from ${source.path}` })
  if (found.isDirectory()) return { names: await fromFolder(source, staging), origin: source.path }
  return { ...(await fromArchive(source, arch, staging, context)), origin: source.path }
}

async function fromFolder(source: FileSource, staging: string): Promise<BinaryName[]> {
  if (source.archivePin !== undefined) {
    throw new QuorateError(
      'artifact',
      `${source.path} is a directory, but the cluster file pins an archive`,
      {
        id: 'source-is-a-directory',
        hint: 'pin the programs instead (etcd, etcdctl, etcdutl under etcd.sha256), or name a release archive',
      },
    )
  }
  if (source.sha256 !== undefined) {
    throw new QuorateError('artifact', `${source.path} is a directory, but a sha256 needs an archive`, {
      id: 'source-is-a-directory',
      hint: 'remove the sha256, or name a release archive (.tar.gz)',
    })
  }
  const names: BinaryName[] = []
  for (const name of BINARY_NAMES) {
    try {
      await requireReadable(path.join(source.path, name), { code: 'artifact' })
      await copyFile(path.join(source.path, name), path.join(staging, name), constants.COPYFILE_FICLONE)
      names.push(name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw QuorateError.from(error, 'artifact', `can't copy ${path.join(source.path, name)}`)
    }
  }
  return names
}

async function fromArchive(
  source: FileSource,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Pick<Fetched, 'names' | 'archiveSha256'>> {
  const { signal } = context
  await requireReadable(source.path, { code: 'artifact' })
  // A private copy: what is verified is what is unpacked, even if the original file changes.
  const archive = path.join(staging, 'archive.tar.gz')
  await pipeline(createReadStream(source.path), createWriteStream(archive, { flags: 'wx', mode: 0o600 }), {
    signal,
  })
  const sha256 = await sha256OfFile(archive, signal)
  if (source.sha256 !== undefined && sha256 !== source.sha256.toLowerCase()) {
    throw new QuorateError(
      'artifact',
      `${source.path} is not the expected file: its SHA-256 is ${sha256}, the cluster file says ${source.sha256}`,
      {
        id: 'checksum-is-not-pinned',
        hint: 'download the archive again, or correct the sha256',
      },
    )
  }
  if (source.archivePin !== undefined) checkArchivePin(source.archivePin, sha256, arch, source.path)
  const names = await extractPrograms([createReadStream(archive), createGunzip()], {
    pick: pickFromRelease,
    directory: staging,
    origin: source.path,
    signal,
  })
  await rm(archive)
  return { names, archiveSha256: sha256 }
}
