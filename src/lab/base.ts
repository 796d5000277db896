/** The file system that all machines share: mmdebstrap builds it once in the user's cache, and it is never changed. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { cacheDirectory as userCacheDirectory } from '../files/cache-directory.ts'
import { isRunning, thisProcess } from '../files/process-identity.ts'
import setup from './base-setup.sh?raw'
import { type EmitLab, silent } from './events.ts'
import { tool } from './tool.ts'

/** Debian 11, 12, 13. */
export const SUITES = ['bullseye', 'bookworm', 'trixie'] as const
export type Suite = (typeof SUITES)[number]

export interface BaseOptions {
  /** Debian's release; bookworm by default. */
  readonly suite?: Suite | undefined
  /** More Debian packages in it. */
  readonly packages?: readonly string[] | undefined
  /** Archive URL; Debian's own by default. */
  readonly mirror?: string | undefined
  /** Where built file systems are kept; `labCacheDirectory()` by default. */
  readonly cacheDirectory?: string | undefined
  readonly emit?: EmitLab | undefined
  readonly signal?: AbortSignal | undefined
}

const PACKAGES = [
  'ca-certificates',
  'curl',
  'dbus',
  'iproute2',
  'openssh-server',
  'openssl',
  'procps',
  'sudo',
  'systemd',
  'systemd-sysv',
]

/** `lab` in quorate's cache. */
export function labCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(userCacheDirectory(env), 'lab')
}

/**
 * The directory of the base file system. Builds it first if it is missing (about 20 s and 240 MB). Its name contains a
 * digest of everything that it is made from, so a changed package list makes a new one.
 *
 * @throws `lab` if mmdebstrap fails: the archive is unreachable, or a package is unknown.
 */
export async function labBase(options: BaseOptions = {}): Promise<string> {
  const { suite = 'bookworm', mirror, signal, emit = silent } = options
  const cacheDirectory = path.resolve(options.cacheDirectory ?? labCacheDirectory())
  const packages = [...new Set([...PACKAGES, ...(options.packages ?? [])])].sort()
  const digest = createHash('sha256').update(JSON.stringify({ suite, packages, mirror, setup }))
  const base = path.join(cacheDirectory, `${suite}-${digest.digest('hex').slice(0, 12)}`)
  if (existsSync(base)) return base

  await mkdir(cacheDirectory, { recursive: true })
  await removeAbandoned(cacheDirectory)
  const { pid, startTime } = await thisProcess()
  const draft = `${base}.building-${pid}-${startTime}`
  emit({ kind: 'lab', text: `building the base file system: Debian ${suite}, ${packages.length} packages` })
  try {
    await tool(
      [
        'mmdebstrap',
        '--quiet',
        '--mode=root',
        '--variant=minbase',
        `--include=${packages.join(',')}`,
        '--aptopt=APT::Install-Recommends "false"',
        // Machines need no documentation and no downloaded archives.
        '--dpkgopt=path-exclude=/usr/share/doc/*',
        '--dpkgopt=path-exclude=/usr/share/man/*',
        suite,
        draft,
        ...(mirror === undefined ? [] : [mirror]),
      ],
      { signal },
    )
    await tool(['sh', '-c', setup, 'base-setup', draft], { signal })
    await renameUnlessBuilt(draft, base)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return base
}

/** Another process may have finished the same file system in the meantime: uses that one. */
async function renameUnlessBuilt(draft: string, base: string): Promise<void> {
  try {
    await rename(draft, base)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

/** Removes what interrupted builds left. */
async function removeAbandoned(cacheDirectory: string): Promise<void> {
  const { bootId } = await thisProcess()
  for (const name of await readdir(cacheDirectory)) {
    const [, pid, startTime] = /\.building-(\d+)-(\d+)$/.exec(name) ?? []
    if (pid === undefined || startTime === undefined) continue
    if (await isRunning({ pid: Number(pid), startTime, bootId })) continue
    await rm(path.join(cacheDirectory, name), { recursive: true, force: true })
  }
}
