/**
 * etcd built on this computer from its Go modules. Each program is built in a module of its own that requires nothing
 * but the module it is in, so that its dependencies are exactly those that etcd's own go.mod names; `go install` refuses
 * etcd's modules because of the `replace` lines in them.
 */
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Architecture, ArtifactContext, BinaryName, Fetched } from './artifact.ts'
import { BINARY_NAMES } from './artifact.ts'
import { type GoToolchain, findGo, isOlder } from './go-toolchain.ts'
import { type GoResult, runGo } from './go-run.ts'
import { type ModuleTrouble, moduleTrouble, troubleError } from './modules-trouble.ts'
import { DEFAULT_LIMITS, httpUrl } from './network.ts'

type ModulesSource = Extract<EtcdSource, { kind: 'modules' }>

const MODULES: Readonly<Record<BinaryName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  etcdctl: 'go.etcd.io/etcd/etcdctl/v3',
  etcdutl: 'go.etcd.io/etcd/etcdutl/v3',
}

/** For one program, with its modules fetched over a slow line and compiled on one slow core. */
const BUILD_TIMEOUT_MS = 30 * 60_000

/** Builds the programs into `staging`. Go's module and build caches stay in quorate's cache, for the next version. */
export async function buildModules(
  source: ModulesSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  const toolchains = await findGo(source.go, context)
  const folder = path.join(context.cacheDirectory, 'go')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const work = await draftFolderBeside(path.join(folder, 'work'))
  try {
    let needed: string | undefined
    for (const go of toolchains) {
      if (needed !== undefined && isOlder(go.version, needed)) continue
      const proxy = proxyOf(source, go)
      const build = { go, proxy, source, version, arch, staging, folder, work, context }
      const trouble = await buildAll(build)
      if (trouble === undefined)
        return { names: BINARY_NAMES, origin: `modules of ${proxy.host}, built with Go ${go.version}` }
      if (trouble.kind !== 'old-go') throw troubleError(trouble, build)
      needed = trouble.needed
    }
    const found = toolchains.map(({ program, version: its }) => `${program} is Go ${its}`)
    throw new QuorateError(
      'artifact',
      `etcd ${version} needs Go ${needed} or newer to be built:\n${found.join('\n')}`,
      {
        hint:
          source.go === undefined
            ? 'install a newer Go, or take etcd from another source: etcd.source.release, debian or file'
            : 'name a newer Go: etcd.source.modules.go in the cluster file',
      },
    )
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 })
  }
}

interface Build {
  readonly go: GoToolchain
  readonly proxy: URL
  readonly source: ModulesSource
  readonly version: string
  readonly arch: Architecture
  readonly staging: string
  readonly folder: string
  readonly work: string
  readonly context: ArtifactContext
}

async function buildAll(build: Build): Promise<ModuleTrouble | undefined> {
  const { go, version, arch, context } = build
  const text = `building etcd ${version} for ${arch} with Go ${go.version} (${go.program}): about two minutes the first time`
  context.emit({ kind: 'artifact', text })
  const env = await environmentOf(build)
  for (const [index, name] of BINARY_NAMES.entries()) {
    const about = `compiling ${name} ${version} for ${arch} (${index + 1} of ${BINARY_NAMES.length})`
    context.emit({ kind: 'artifact', text: about })
    const trouble = await buildOne(name, build, env)
    if (trouble !== undefined) return trouble
  }
  return undefined
}

async function buildOne(
  name: BinaryName,
  { go, version, staging, work, context }: Build,
  env: NodeJS.ProcessEnv,
): Promise<ModuleTrouble | undefined> {
  const cwd = path.join(work, name)
  const limits = { ...DEFAULT_LIMITS, ...context.limits }
  const args = ['build', '-ldflags=-s -w', '-o', path.join(staging, name), MODULES[name]]
  for (let attempt = 1; ; attempt += 1) {
    await rm(cwd, { recursive: true, force: true })
    await mkdir(cwd)
    // Go raises the line to what the module needs, if this toolchain is new enough for it.
    const file = `module quorate.invalid/build\n\ngo 1.21\n\nrequire ${MODULES[name]} v${version}\n`
    await writeFile(path.join(cwd, 'go.mod'), file)
    const result: GoResult = await runGo(go.program, args, {
      env,
      cwd,
      signal: context.signal,
      timeoutMs: BUILD_TIMEOUT_MS,
    })
    if (result.exitCode === 0) return undefined
    const trouble = moduleTrouble(result)
    if (trouble.kind !== 'network' || attempt >= limits.attempts) return trouble
    context.emit({ kind: 'artifact', text: `${trouble.words.split('\n').at(-1)}; trying again` })
    await pause(limits.backoffMs * 2 ** (attempt - 1), undefined, { signal: context.signal })
  }
}

/**
 * All that Go gets to know: nothing of the user's Go settings changes what is built, or what is verified. Only how the
 * network is reached is the user's (proxy variables, certificates, logins in ~/.netrc).
 */
async function environmentOf({
  proxy,
  source,
  arch,
  folder,
  work,
  context,
}: Build): Promise<NodeJS.ProcessEnv> {
  const theirs = context.environment ?? process.env
  const home = path.join(work, 'home')
  const temporary = path.join(work, 'tmp')
  await mkdir(path.join(home, '.config', 'go', 'telemetry'), { recursive: true })
  await mkdir(temporary, { recursive: true })
  // Go would count its runs there, and start a process for that which may outlive it.
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
    // No module is fetched by another program (git), whatever a proxy answers.
    GOVCS: '*:off',
    GOPATH: folder,
    // What a proxy served unverified stays apart: a later build that verifies would find it, and blame another proxy.
    GOMODCACHE: path.join(folder, source.checksumDatabase ? 'mod' : unverifiedFolder(proxy)),
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

/** The cluster file's, or the first one that Go is set to. */
function proxyOf({ proxy }: ModulesSource, go: GoToolchain): URL {
  if (proxy !== undefined) return httpUrl(proxy, 'the Go module proxy')
  const first = go.proxy.split(/[,|]/).find((entry) => /^https?:/.test(entry.trim()))
  if (first !== undefined) return httpUrl(first.trim(), 'the Go module proxy')
  throw new QuorateError('artifact', `Go is set to use no module proxy (GOPROXY=${go.proxy})`, {
    hint: 'name one in the cluster file: etcd.source.modules.proxy',
  })
}
