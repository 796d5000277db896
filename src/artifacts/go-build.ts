/**
 * Builds other projects' programs from their published Go modules. Each is built in a separate module, without the
 * user's Go settings, and every module is verified with the checksum database.
 */
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import type { Architecture, ArtifactContext } from './artifact.ts'
import type { GoSource, GoSubject } from './go-source.ts'
import { type GoToolchain, findGo, isOlder } from './go-toolchain.ts'
import { runGo } from './go-run.ts'
import { type ModuleTrouble, moduleTrouble, troubleError } from './modules-trouble.ts'
import { DEFAULT_LIMITS, httpUrl } from './network.ts'

export interface GoProgram {
  /** File name of the built program. */
  readonly name: string
  /** The argument of `go build`: an import path, or `.`. */
  readonly package: string
  /** Files of the module that it is built in, by name: `go.mod`, and others that it needs. */
  readonly files: Readonly<Record<string, string>>
  /** Additional linker flags, e.g. `-X` with a version. */
  readonly stamp?: readonly string[] | undefined
  /** How long it may take, in ms; half an hour by default. */
  readonly timeoutMs?: number | undefined
}

/** A usable toolchain with a proxy, and a working directory. */
export interface GoBench {
  readonly go: GoToolchain
  readonly proxy: URL
  readonly source: GoSource
  readonly subject: GoSubject
  readonly arch: Architecture
  /** Go's caches, which are kept. */
  readonly folder: string
  /** Removed when the build ends. */
  readonly work: string
  readonly context: ArtifactContext
}

/** For one program whose modules come over a slow connection and are compiled on one slow core. */
const BUILD_TIMEOUT_MS = 30 * 60_000

/**
 * Builds with the first toolchain of the workstation that is new enough. Go's module and build caches stay in quorate's
 * cache, for the next version.
 *
 * @returns the source, for messages
 * @throws QuorateError `artifact`, with Go's own message
 */
export async function withGo(
  { source, subject, arch }: Pick<GoBench, 'source' | 'subject' | 'arch'>,
  context: ArtifactContext,
  work: (bench: GoBench) => Promise<ModuleTrouble | undefined>,
): Promise<string> {
  const toolchains = await findGo(source.go, subject, context)
  const folder = path.join(context.cacheDirectory, 'go')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = await draftFolderBeside(path.join(folder, 'work'))
  try {
    let needed: string | undefined
    for (const go of toolchains) {
      if (needed !== undefined && isOlder(go.version, needed)) continue
      const proxy = proxyOf(source, subject, go)
      const trouble = await work({ go, proxy, source, subject, arch, folder, work: draft, context })
      if (trouble === undefined) return `modules of ${proxy.host}, built with Go ${go.version}`
      if (trouble.kind !== 'old-go') throw troubleError(trouble, { subject, proxy })
      needed = trouble.needed
    }
    const found = toolchains.map(({ program, version: its }) => `${program} is Go ${its}`)
    throw new QuorateError(
      'artifact',
      `${subject.name} ${subject.version} needs Go ${needed} or newer for the build:\n${found.join('\n')}`,
      {
        id: 'go-is-too-old',
        hint:
          source.go === undefined
            ? `install a newer Go, or take ${subject.name} from another source: ${subject.key}.source.${subject.otherSources}`
            : `name a newer Go: ${subject.key}.source.modules.go in the cluster file`,
      },
    )
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Builds one program as `output`. Retries after network failures. */
export async function buildProgram(
  bench: GoBench,
  program: GoProgram,
  output: string,
): Promise<ModuleTrouble | undefined> {
  const flags = ['-s', '-w', ...(program.stamp ?? [])].join(' ')
  const args = ['build', `-ldflags=${flags}`, '-o', output, program.package]
  return await inModule(bench, program, args)
}

/** Runs `go` in a module with these files. */
export async function inModule(
  bench: GoBench,
  { name, files, timeoutMs = BUILD_TIMEOUT_MS }: Omit<GoProgram, 'package'>,
  args: readonly string[],
): Promise<ModuleTrouble | undefined> {
  const { go, context } = bench
  const cwd = path.join(bench.work, name)
  const env = await goEnvironment(bench)
  const limits = { ...DEFAULT_LIMITS, ...context.limits }
  for (let attempt = 1; ; attempt += 1) {
    await rm(cwd, { recursive: true, force: true })
    await mkdir(cwd)
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(cwd, file), text)
    const run = { env, cwd, signal: context.signal, timeoutMs }
    const result = await runGo(go.program, args, run)
    if (result.exitCode === 0) return undefined
    const trouble = moduleTrouble(result)
    if (trouble.kind !== 'network' || attempt >= limits.attempts) return trouble
    context.emit({ kind: 'artifact', text: `${trouble.words.split('\n').at(-1)}; trying again` })
    await pause(limits.backoffMs * 2 ** (attempt - 1), undefined, { signal: context.signal })
  }
}

/** Where Go keeps the modules of this source. */
export function moduleFolder({
  source,
  proxy,
  folder,
}: Pick<GoBench, 'source' | 'proxy' | 'folder'>): string {
  // Unverified modules of a proxy are kept separately: otherwise, a later build that verifies would find them, and
  // blame another proxy.
  return path.join(folder, source.checksumDatabase ? 'mod' : unverifiedFolder(proxy))
}

/**
 * The complete environment of Go: none of the user's Go settings changes what is built or verified. The user's settings
 * apply only to the network (proxy variables, certificates, logins in ~/.netrc).
 */
async function goEnvironment(bench: GoBench): Promise<NodeJS.ProcessEnv> {
  const { proxy, source, arch, folder, work, context } = bench
  const theirs = context.environment ?? process.env
  const home = path.join(work, 'home')
  const temporary = path.join(work, 'tmp')
  await mkdir(path.join(home, '.config', 'go', 'telemetry'), { recursive: true })
  await mkdir(temporary, { recursive: true })
  // Otherwise, Go would count its runs in this directory, and start a process for it that may outlive the run.
  await writeFile(path.join(home, '.config', 'go', 'telemetry', 'mode'), 'off\n')
  const netrc = theirs['NETRC'] ?? path.join(theirs['HOME'] ?? os.homedir(), '.netrc')
  const kept = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  const reach = [...kept, 'SSL_CERT_FILE', 'SSL_CERT_DIR'].flatMap((name) => {
    const value = theirs[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(reach),
    HOME: home,
    NETRC: netrc,
    TMPDIR: temporary,
    GOTMPDIR: temporary,
    GOENV: 'off',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GO111MODULE: 'on',
    GOFLAGS: '-mod=mod -trimpath -buildvcs=false -modcacherw',
    GOPROXY: proxy.href,
    GOSUMDB: source.checksumDatabase ? 'sum.golang.org' : 'off',
    // No other program (git) may fetch modules, whatever a proxy answers.
    GOVCS: '*:off',
    GOPATH: folder,
    GOMODCACHE: moduleFolder(bench),
    GOCACHE: path.join(folder, 'build'),
    CGO_ENABLED: '0',
    GOOS: 'linux',
    GOARCH: arch,
    GOAMD64: 'v1',
    GOARM64: 'v8.0',
  }
}

function unverifiedFolder({ href }: URL): string {
  return `mod-unverified-${createHash('sha256').update(href).digest('hex').slice(0, 16)}`
}

/** The cluster file's proxy, or else the first one that Go is configured with. */
function proxyOf({ proxy }: GoSource, { key }: GoSubject, go: GoToolchain): URL {
  if (proxy !== undefined) return httpUrl(proxy, 'the Go module proxy')
  const first = go.proxy.split(/[,|]/).find((entry) => /^https?:/.test(entry.trim()))
  if (first !== undefined) return httpUrl(first.trim(), 'the Go module proxy')
  throw new QuorateError('artifact', `no module proxy is configured for Go (GOPROXY=${go.proxy})`, {
    id: 'no-module-proxy',
    hint: `name one in the cluster file: ${key}.source.modules.proxy`,
  })
}
