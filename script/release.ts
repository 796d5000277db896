/**
 * Creates the files of a release: quorate as one file for each architecture, its completion and man pages, and their
 * checksums.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { sha256OfFile } from '../src/artifacts/hash.ts'
import { QuorateError } from '../src/errors.ts'
import { joined } from '../src/standalone/join.ts'
import { type Architecture, BASES, nodeBase } from './node-base.ts'

export interface ReleaseOptions {
  /** The checkout, with a built `dist/`. */
  readonly root: string
  readonly version: string
  /** A new directory for the files. */
  readonly out: string
  readonly architectures: readonly Architecture[]
  readonly signal: AbortSignal
}

export interface ReleasedFile {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** By name in `dist/completion/`: the path below `share/` where shells look for completion. */
const COMPLETION: Readonly<Record<string, string>> = {
  'quorate.bash': 'bash-completion/completions/quorate',
  _quorate: 'zsh/site-functions/_quorate',
  'quorate.fish': 'fish/vendor_completions.d/quorate.fish',
}

/** @throws QuorateError `artifact` if Node.js for one of the architectures can't be downloaded */
export async function makeRelease(options: ReleaseOptions): Promise<readonly ReleasedFile[]> {
  const { root, version, out, architectures, signal } = options
  // The binary that prepares the program must have exactly the version that loads it.
  if (process.versions.node !== BASES.amd64.version) {
    throw new QuorateError(
      'artifact',
      `this is Node.js ${process.versions.node}, but the binaries are made of ${BASES.amd64.version}`,
      { hint: 'run `npm run binary`; after an update of the package node: change script/node-base.ts' },
    )
  }
  const files: ReleasedFile[] = []
  for (const architecture of architectures) {
    const base = await nodeBase(BASES[architecture], signal)
    const program = path.join(root, 'dist', 'standalone.cjs')
    const pieces = await joined({ base, writer: process.execPath, program, draft: out, signal })
    const name = `quorate-${version}-linux-${architecture}`
    const hash = createHash('sha256')
    for (const piece of pieces) hash.update(piece)
    await writeFile(path.join(out, name), pieces, { mode: 0o755 })
    const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
    files.push({ name, sizeBytes, sha256: hash.digest('hex') })
  }
  const archive = `quorate-${version}-share.tar.gz`
  await packShare(root, path.join(out, archive))
  files.push(await described(path.join(out, archive), signal))
  await writeFile(
    path.join(out, 'SHA256SUMS'),
    files.map(({ sha256, name }) => `${sha256}  ${name}\n`),
  )
  await copyFile(path.join(root, 'script', 'install'), path.join(out, 'install'))
  return files
}

async function described(file: string, signal: AbortSignal): Promise<ReleasedFile> {
  const sizeBytes = (await readFile(file)).length
  return { name: path.basename(file), sizeBytes, sha256: await sha256OfFile(file, signal) }
}

/** Packs completion and man pages by their paths below a prefix. Produces the same bytes for everyone, at any time. */
async function packShare(root: string, archive: string): Promise<void> {
  const draft = `${archive}.draft`
  const share = path.join(draft, 'share')
  for (const [name, place] of Object.entries(COMPLETION)) {
    await mkdir(path.dirname(path.join(share, place)), { recursive: true })
    await copyFile(path.join(root, 'dist', 'completion', name), path.join(share, place))
  }
  await cp(path.join(root, 'man'), path.join(share, 'man', 'man1'), { recursive: true })
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    await chmod(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
  }
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar']
  const env = { ...process.env, GZIP: '-n', LC_ALL: 'C' }
  await promisify(execFile)('tar', [...same, '-czf', archive, '-C', draft, 'share'], { env })
  await rm(draft, { recursive: true })
}
