/**
 * quorate's own apt in a directory: with its own sources, lists and cache. Of the system, it uses only the network
 * settings.
 */
import { access, chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { Architecture, ArtifactContext } from './artifact.ts'
import { type DebianArchive, findMirror } from './mirror.ts'
import type { ProgramResult } from './program.ts'
import { runProgram } from './program.ts'

type AptContext = Pick<ArtifactContext, 'signal' | 'environment'>

export interface AptPackage {
  readonly name: string
  /** Debian's version, with its revision: `3.5.16-4`. */
  readonly version: string
  /** Hex, from the signed package list. */
  readonly sha256: string
}

export interface Apt {
  /** Absolute path of the directory that `download` writes to. */
  readonly downloads: string
  /** Fetches the suite's package list and checks its signature against Debian's archive keys. */
  update(): Promise<void>
  /** The suite's current packages with these names, as far as it has them. */
  show(names: readonly string[]): Promise<readonly AptPackage[]>
  download(packages: readonly AptPackage[]): Promise<void>
}

/** Debian's archive keys as the package debian-archive-keyring installs them. */
const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/usr/share/keyrings/debian-archive-keyring.gpg',
]
const TIMEOUT_MS = 10 * 60_000

/** Prepares the directory `root` (existing, absolute) for one suite and one architecture. */
export async function openApt(
  archive: DebianArchive,
  arch: Architecture,
  root: string,
  given: AptContext,
): Promise<Apt> {
  const context = { ...given, otherwise: archive.otherwise }
  const environment = context.environment ?? process.env
  const base = { PATH: environment['PATH'], HOME: environment['HOME'], LC_ALL: 'C' }
  const system = async (program: string, args: readonly string[]): Promise<ProgramResult> =>
    await run(program, args, base, context)

  checkSuite(archive.suite)
  const network = acquireSettings((await system('apt-config', ['dump'])).stdout)
  const mirror = archive.mirror ?? (await findMirror(archive, system))
  const keyring = await findKeyring(archive)
  const downloads = path.join(root, 'downloads')
  await prepareFolders(root, downloads)
  const sandboxed = await giveToSandbox(root, downloads, base, context)
  await writeFile(
    path.join(root, 'etc/sources.list.d/quorate.sources'),
    sourcesEntry(mirror, archive.suite, keyring),
  )
  await writeFile(path.join(root, 'apt.conf'), aptConfiguration(root, arch, network, sandboxed), {
    mode: 0o600,
  })
  const env = { ...base, APT_CONFIG: path.join(root, 'apt.conf') }
  const apt = async (program: string, args: readonly string[], cwd = root): Promise<ProgramResult> =>
    await run(program, args, env, context, cwd)

  return {
    downloads,
    async update() {
      const result = await apt('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any'])
      if (result.exitCode !== 0)
        throw failed(`can't read Debian's package list of ${archive.suite}`, result, archive)
    },
    async show(names) {
      const { stdout } = await apt('apt-cache', ['show', '--no-all-versions', ...names])
      return parsePackages(stdout)
    },
    async download(packages) {
      const wanted = packages.map((found) => `${found.name}=${found.version}`)
      const result = await apt('apt-get', ['download', '-q', ...wanted], downloads)
      if (result.exitCode !== 0) throw failed(`can't download ${wanted.join(' and ')}`, result, archive)
    },
  }
}

/** Name, version and checksum of each stanza of `apt-cache show`. */
export function parsePackages(text: string): readonly AptPackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1]
    const [name, version, sha256] = [field('Package'), field('Version'), field('SHA256')]
    return name === undefined || version === undefined || sha256 === undefined
      ? []
      : [{ name, version, sha256 }]
  })
}

/** The workstation's apt settings that are needed to reach the network: those of `Acquire::`, especially proxies. */
export function acquireSettings(dump: string): readonly string[] {
  return dump
    .split('\n')
    .filter((line) => /^Acquire::[A-Za-z]/.test(line))
    .filter((line) => !/^Acquire::(IndexTargets|Languages|Changelogs|Allow[A-Za-z]*)\b/.test(line))
}

async function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  context: AptContext & Pick<DebianArchive, 'otherwise'>,
  cwd?: string,
): Promise<ProgramResult> {
  const options = { env, signal: context.signal, timeoutMs: TIMEOUT_MS }
  const result = await runProgram(program, args, cwd === undefined ? options : { ...options, cwd })
  if (result.notStarted === undefined) return result
  throw new QuorateError(
    'artifact',
    `${program}, which reads Debian's archive, is not installed on the workstation`,
    {
      id: 'tool-is-not-installed',
      hint: context.otherwise,
    },
  )
}

function checkSuite(suite: string): void {
  if (/^[a-z][a-z0-9.+-]*(\/[a-z-]+)?$/i.test(suite)) return
  throw new QuorateError('cluster-file', `'${suite}' is not the name of a Debian suite`, {
    hint: 'use a suite such as bookworm, trixie or sid',
  })
}

async function findKeyring({ otherwise }: DebianArchive): Promise<string> {
  for (const file of KEYRINGS) {
    const found = await access(file).then(
      () => true,
      () => false,
    )
    if (found) return file
  }
  throw new QuorateError(
    'artifact',
    "Debian's archive keys are not installed on the workstation, so packages can't be verified",
    {
      hint: `install the package debian-archive-keyring, ${otherwise}`,
    },
  )
}

async function prepareFolders(root: string, downloads: string): Promise<void> {
  for (const name of [
    'etc/sources.list.d',
    'etc/apt.conf.d',
    'etc/preferences.d',
    'lists/partial',
    'cache/archives/partial',
  ]) {
    await mkdir(path.join(root, name), { recursive: true })
  }
  await mkdir(downloads)
  await writeFile(path.join(root, 'status'), '')
}

/**
 * If root runs apt, it downloads as the user _apt, who needs access to these directories. False if there is no such
 * user.
 */
async function giveToSandbox(
  root: string,
  downloads: string,
  env: NodeJS.ProcessEnv,
  context: AptContext & Pick<DebianArchive, 'otherwise'>,
): Promise<boolean> {
  if (process.getuid?.() !== 0) return true
  const { stdout, exitCode } = await run('id', ['-u', '_apt'], env, context)
  if (exitCode !== 0) return false
  await chmod(root, 0o755)
  await chown(downloads, Number(stdout.trim()), 0)
  return true
}

function sourcesEntry(mirror: string, suite: string, keyring: string): string {
  if (/\s/.test(mirror))
    throw new QuorateError('cluster-file', `'${mirror}' is not the URL of a Debian mirror`)
  const fields = { Types: 'deb', URIs: mirror, Suites: suite, Components: 'main', 'Signed-By': keyring }
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`
}

function aptConfiguration(
  root: string,
  arch: Architecture,
  network: readonly string[],
  sandboxed: boolean,
): string {
  if (/["\n\\]/.test(root)) throw new QuorateError('artifact', `apt can't work in a directory named ${root}`)
  return [
    ...network,
    `Dir::Etc "${root}/etc";`,
    // Logins for private mirrors stay in the system's file.
    'Dir::Etc::netrc "/etc/apt/auth.conf";',
    'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";',
    `Dir::State "${root}";`,
    `Dir::State::lists "${root}/lists";`,
    `Dir::State::status "${root}/status";`,
    `Dir::Cache "${root}/cache";`,
    `APT::Architecture "${arch}";`,
    '#clear APT::Architectures;',
    `APT::Architectures:: "${arch}";`,
    'APT::Get::AllowUnauthenticated "false";',
    'Acquire::AllowInsecureRepositories "false";',
    'Acquire::AllowWeakRepositories "false";',
    'Acquire::AllowDowngradeToInsecureRepositories "false";',
    'Acquire::Languages "none";',
    'Acquire::PDiffs "false";',
    'Acquire::Retries "3";',
    'Acquire::http::Timeout "30";',
    'Acquire::https::Timeout "30";',
    ...(sandboxed ? [] : ['APT::Sandbox::User "root";']),
    '',
  ].join('\n')
}

function failed(what: string, result: ProgramResult, { mirror, otherwise }: DebianArchive): QuorateError {
  const complaints = result.stderr.split('\n').filter((line) => /^(E|W|Err):/.test(line))
  const reason =
    [...new Set(complaints)].join('\n') || result.stderr.trim() || `apt-get ended with ${result.exitCode}`
  const where = mirror === undefined ? "the workstation's Debian mirror" : 'the mirror in the cluster file'
  return new QuorateError('artifact', `${what}:\n${reason}`, {
    hint: `check the suite, the network, and ${where}, ${otherwise}`,
  })
}
