/** The Go toolchains of the workstation: their paths, versions and configured module proxies. */
import { access, constants, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import type { ArtifactContext } from './artifact.ts'
import type { GoSubject } from './go-source.ts'
import { runProgram } from './program.ts'

export interface GoToolchain {
  /** Absolute path of the program `go` in its toolchain. */
  readonly program: string
  /** `1.26.8` */
  readonly version: string
  /** What Go itself is configured with (GOPROXY of the environment, `go env -w`, or the toolchain's default). */
  readonly proxy: string
}

/**
 * Older versions never download a toolchain by themselves, but they also don't report that they are too old for a
 * module.
 */
const OLDEST = '1.21'

const TIMEOUT_MS = 30_000
const USUAL = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go']

const Settings = z.object({ GOVERSION: z.string(), GOPROXY: z.string(), GOROOT: z.string() })

/**
 * In quorate's own cache: where `script/setup` puts a toolchain if the workstation has none. Users may put one there
 * too.
 */
export function cachedGo(cacheDirectory: string): string {
  return path.join(cacheDirectory, 'toolchains', 'go', 'bin', 'go')
}

/**
 * The usable ones, in the order in which they are tried: only `named`, or those in PATH, in the usual directories and
 * in quorate's cache.
 *
 * @param named absolute path of a program `go`, or of a toolchain's directory
 * @throws QuorateError `artifact` if there is none
 */
export async function findGo(
  named: string | undefined,
  subject: Pick<GoSubject, 'name' | 'key' | 'otherSources'>,
  context: Pick<ArtifactContext, 'cacheDirectory' | 'environment' | 'signal' | 'goPlaces'>,
): Promise<readonly GoToolchain[]> {
  const environment = context.environment ?? process.env
  const further = [...(context.goPlaces ?? USUAL), cachedGo(context.cacheDirectory)]
  const places = named === undefined ? [...inPath(environment), ...further] : await programsOf(named)
  const found = new Map<string, GoToolchain>()
  const refused: string[] = []
  for (const place of places) {
    if (!(await isProgram(place))) continue
    const known = await ask(place, environment, context.signal)
    if (typeof known === 'string') refused.push(known)
    else if (isOlder(known.version, OLDEST)) refused.push(`${place} is Go ${known.version}`)
    else if (!found.has(known.program)) found.set(known.program, known)
  }
  if (found.size > 0) return [...found.values()]
  throw noGo(named, subject, refused, further)
}

/** Whether Go `a` is older than `b`: `1.26.8`, `1.27`, `1.27rc1`. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [numbers(a), numbers(b)]
  for (const [index, number] of left.entries()) {
    if (number !== right[index]) return number < (right[index] ?? 0)
  }
  return false
}

function numbers(version: string): readonly [number, number, number] {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? []
  return [Number(major), Number(minor), Number(patch)]
}

function inPath(environment: NodeJS.ProcessEnv): readonly string[] {
  // A relative directory would depend on where quorate is started.
  const folders = (environment['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
  return [...new Set(folders)].map((folder) => path.join(folder, 'go'))
}

async function programsOf(named: string): Promise<readonly string[]> {
  const found = await stat(named).catch(() => undefined)
  return found?.isDirectory() === true ? [path.join(named, 'bin', 'go'), path.join(named, 'go')] : [named]
}

async function isProgram(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true) return false
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/**
 * Runs it with the user's own settings, because the `go` of a version manager is a script that needs them. Otherwise
 * returns why it is unusable.
 */
async function ask(
  file: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<GoToolchain | string> {
  const env = { ...environment, GOTOOLCHAIN: 'local', GO111MODULE: 'on', GOWORK: 'off', GOFLAGS: '' }
  const options = { env, signal, timeoutMs: TIMEOUT_MS, cwd: path.dirname(file) }
  const result = await runProgram(file, ['env', '-json', ...Object.keys(Settings.shape)], options)
  const settings = result.exitCode === 0 ? parse(result.stdout) : undefined
  if (settings === undefined) {
    const why =
      result.notStarted ?? (result.stderr.trim().split('\n').at(-1) || `exit code ${result.exitCode}`)
    return `${file} doesn't work as a Go toolchain (${why})`
  }
  const inside = path.join(settings.GOROOT, 'bin', 'go')
  const program = (await isProgram(inside)) ? inside : file
  return { program: await realpath(program), version: settings.GOVERSION, proxy: settings.GOPROXY }
}

function parse(text: string): z.infer<typeof Settings> | undefined {
  try {
    const settings = Settings.parse(JSON.parse(text))
    // `go1.26.8`, `go1.26.8 X:nodwarf5`, `devel go1.28-…`
    const version = /\bgo(\d+\.\d+[\w.]*)/.exec(settings.GOVERSION)?.[1]
    return version === undefined ? undefined : { ...settings, GOVERSION: version }
  } catch {
    // It isn't a Go that reports its version: the caller says so.
    return undefined
  }
}

function noGo(
  named: string | undefined,
  { name, key, otherSources }: Pick<GoSubject, 'name' | 'key' | 'otherSources'>,
  refused: readonly string[],
  places: readonly string[],
): QuorateError {
  const others = `or take ${name} from another source: ${key}.source.${otherSources}`
  if (named !== undefined) {
    const reason = refused[0] ?? `${named} is not a program that can be started, nor a directory with bin/go`
    return new QuorateError('artifact', `no usable Go toolchain to build ${name}: ${reason}`, {
      id: 'no-usable-go',
      hint: `correct ${key}.source.modules.go in the cluster file, ${others}`,
    })
  }
  return new QuorateError(
    'artifact',
    [
      `no usable Go toolchain to build ${name} with on the workstation`,
      ...refused,
      `searched: PATH, ${places.join(', ')}`,
    ].join('\n'),
    {
      id: 'no-usable-go',
      hint: `install Go (1.26 or newer for what is released today), or name it: ${key}.source.modules.go; ${others}`,
    },
  )
}
