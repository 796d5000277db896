/** The dependency rules of docs/architecture.md, checked on the imports of every source file. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { type EcmaScriptModule, parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

interface Source {
  /** `tiers/etcd/plan/next.ts` */
  readonly file: string
  /** Its directory: `host`, `tiers/etcd`, `verbs/backup`; '' for errors.ts and index.ts. */
  readonly room: string
  /** Without comments. */
  readonly code: string
  readonly imports: readonly Import[]
}

interface Import {
  /** As written. */
  readonly specifier: string
  /** `tiers/etcd/plan/next.ts`, for files of this project. */
  readonly file: string | undefined
  /** Only types, which don't exist at run time. */
  readonly typeOnly: boolean
  /** `import()`: loaded when needed. */
  readonly dynamic: boolean
  /** The imported names, including `default` and `*`. */
  readonly names: readonly string[]
}

const SRC = path.resolve(import.meta.dirname, '../src')
const sources = await readSources()

/** Files at the top that all may import from. */
const TOP: readonly string[] = ['errors.ts', 'error-ids.ts', 'blocked-ids.ts']

/** Modules that all may import from. */
const COMMON: readonly string[] = ['spec', 'files', 'wait']

/** Modules below the engine, which know neither tiers nor commands. */
const GROUND = [
  'artifacts',
  'backup',
  'etcd',
  'flannel',
  'host',
  'kubernetes',
  'lab',
  'pki',
  'recorder',
  'schedule',
  'signing',
  'ssh',
  'standalone',
  'store',
  'transfer',
]

/**
 * Modules that a module may import from, in addition to itself and those that all may use: spec/, files/, wait/ and
 * TOP. `tiers/*`, `verbs/*`: all of them. Single tiers and commands have no line: the same rule holds for all.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  files: [],
  wait: [],
  ssh: [],
  artifacts: ['etcd', 'kubernetes'],
  signing: ['ssh'],
  standalone: ['artifacts'],
  backup: ['artifacts', 'etcd', 'pki', 'signing', 'store'],
  store: [],
  transfer: ['etcd'],
  schedule: ['backup', 'host', 'pki', 'signing', 'ssh'],
  etcd: ['ssh'],
  flannel: ['etcd'],
  kubernetes: ['etcd', 'flannel', 'host', 'pki', 'ssh'],
  pki: ['ssh'],
  recorder: ['etcd'],
  host: ['etcd', 'pki', 'ssh'],
  preflight: ['etcd', 'host', 'kubernetes', 'pki', 'ssh'],
  lab: ['ssh'],
  'cluster-file': ['etcd', 'flannel', 'pki'],
  engine: [...GROUND],
  tiers: [...GROUND, 'cluster-file', 'engine', 'preflight'],
  adopt: ['engine', 'etcd', 'flannel', 'host', 'pki', 'ssh', 'tiers/*'],
  verbs: [...GROUND, 'adopt', 'cluster-file', 'engine', 'preflight', 'tiers/*'],
  cli: [...GROUND, 'adopt', 'cluster-file', 'engine', 'preflight', 'tiers/*', 'verbs/*'],
}

/** Files that list products. */
const LISTS: readonly string[] = ['tiers/tiers.ts', 'tiers/etcd/guests.ts']

/** The parts of a product that others may use if they depend on it. */
const GATES: readonly string[] = ['tiers/etcd/guest.ts']

/** Files that pause by themselves, and why. Every other wait for a condition uses `wait/until.ts`. */
const PAUSES: Readonly<Record<string, string>> = {
  'artifacts/download.ts': 'tries again, more slowly each time',
  'artifacts/go-build.ts': 'tries again, more slowly each time',
  'engine/at-work.ts': 'pauses once, as a limit for another question',
  'engine/run-verb.ts': 'pauses once, so that clients may notice what was done',
  'lab/lock.ts': 'pauses once, for a claim that another process removes',
  'recorder/lease.ts': 'a beat that ends with the recorder',
  'recorder/monitor.ts': 'a beat that ends with the recorder',
  'recorder/pace.ts': 'a beat that ends with the recorder',
  'recorder/retry.ts': 'tries again, more slowly each time',
  'recorder/watcher.ts': 'takes a stream up again until the recorder ends',
  'tiers/etcd/perform/membership.ts': 'pauses once, for the time that etcd wants between two changes',
  'tiers/etcd/recorder-clients.ts': 'a beat that ends with the recorder',
  'verbs/restore/finish.ts': 'pauses once, for what was interrupted',
  'verbs/status/probe.ts': 'measures for as long as the operator says',
  'wait/until.ts': 'the one way to wait',
}

/** What of Node's own only computes. */
const ARITHMETIC = [
  'node:net isIP',
  'node:net isIPv4',
  'node:net isIPv6',
  'node:crypto createHash',
  'node:path Default',
  'node:crypto X509Certificate',
]

/** A longer file has more than one topic (docs/architecture.md). */
const MAX_LINES = 300

test('every room has its rules', () => {
  const rooms = new Set(sources.map(({ room }) => room).filter((room) => room !== ''))
  expect([...rooms].filter((room) => rulesOf(room) === undefined)).toEqual([])
})

test('rooms import only from the rooms below them', () => {
  const wrong = sources.flatMap(({ file, room, imports }) =>
    imports
      .filter((one) => one.file !== undefined && room !== '')
      .map((one) => one.file ?? '')
      .filter((imported) => {
        const other = roomOf(imported)
        // The lists of products name all of them. A product imports another one only through its gate.
        if (LISTS.includes(file) || GATES.includes(imported)) return false
        if (other === room || COMMON.includes(other) || TOP.includes(imported)) return false
        const rules = rulesOf(room) ?? []
        return !rules.includes(other) && !rules.includes(`${other.split('/')[0]}/*`)
      })
      .map((imported) => `${file} imports ${imported}`),
  )
  expect([...new Set(wrong)].toSorted()).toEqual([])
})

test('the planner does no I/O: it loads nothing that could', () => {
  const wrong = [...reachable(sources.filter(isPure))].flatMap(({ file, imports }) =>
    imports
      .filter((one) => one.specifier.startsWith('node:') && !one.typeOnly)
      .flatMap(({ specifier, names }) => names.map((name) => `${specifier} ${name}`))
      .filter((name) => !ARITHMETIC.includes(name))
      .map((name) => `${file} imports ${name}`),
  )
  expect(wrong).toEqual([])
})

test('of what is pure only a kind of step loads something later: what carries it out', () => {
  const later = sources.filter((source) => isPure(source) && source.imports.some(({ dynamic }) => dynamic))
  expect(later.map(({ file }) => file).filter((file) => !isKind(file))).toEqual([])
})

test('the planner knows no clock, no chance and no environment', () => {
  const wrong = [...reachable(sources.filter(isPure))]
    .filter(({ room }) => room.startsWith('tiers/') || room.startsWith('verbs/'))
    .flatMap(({ file, code }) =>
      [...code.matchAll(/\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.\w+|\bsetTimeout\b/g)].map(
        ([what]) => `${file}: ${what}`,
      ),
    )
  expect(wrong).toEqual([])
})

test('nothing below cli/ prints', () => {
  const wrong = sources
    .filter(({ room }) => room !== 'cli')
    .flatMap(({ file, code }) =>
      [...code.matchAll(/\bprocess\.(?:stdout|stderr)\b|\bconsole\.\w+\(/g)].map(
        ([what]) => `${file}: ${what}`,
      ),
    )
  expect(wrong).toEqual([])
})

test('what cli/ prints goes through the outlet', () => {
  // Where the process starts, whose width commander needs, and where prompts print texts that the outlet prepared.
  const known = [
    'cli/main.ts',
    'cli/start.ts',
    'cli/program.ts',
    'cli/ask.ts',
    'cli/commands/init.ts',
    'cli/commands/export.ts',
  ]
  const wrong = sources
    .filter(({ room, file }) => room === 'cli' && !known.includes(file))
    .flatMap(({ file, code }) =>
      [...code.matchAll(/\bprocess\.(?:stdout|stderr)\b|\bconsole\.\w+\(|@clack\/prompts/g)].map(
        ([what]) => `${file}: ${what}`,
      ),
    )
  expect(wrong).toEqual([])
})

test('only the engine takes locks and sends the fence', () => {
  const wrong = sources
    .filter(({ room, file }) => room !== 'engine' && file !== 'host/agent.ts')
    .flatMap(({ file, code }) =>
      [...code.matchAll(/\bacquireLock\b|\bfence: \w|\['fence'/g)].map(([what]) => `${file}: ${what}`),
    )
  expect(wrong).toEqual([])
})

test('only the engine gives nodes work: everything else has steps, or errands with a reason', () => {
  // What lies below the engine gets no lock that it could take apart.
  const working = sources.filter(
    ({ file, room, code }) =>
      /\.work\(/.test(code) || (rulesOf(room)?.includes('engine') === true && takesWork(file, code)),
  )
  expect(working.map(({ file }) => file).toSorted()).toEqual(['engine/errand.ts', 'engine/wave.ts'])
})

test('no command has its own lock, recorder or confirmation', () => {
  const wrong = sources
    .filter(({ room }) => /^(?:verbs|tiers)\//.test(room))
    .flatMap(({ file, code }) => ownLifecycle(file, code).map((what) => `${file} ${what}`))
  expect([...new Set(wrong)].toSorted()).toEqual([])
})

test('waiting is done in one place', () => {
  const pausing = sources.filter(
    ({ code, imports }) =>
      /\bsetTimeout\((?:resolve|done|\(\) => resolve)/.test(code) ||
      imports.some(
        ({ specifier }) => specifier === 'node:timers/promises' || specifier === 'timers/promises',
      ),
  )
  expect(pausing.map(({ file }) => file).toSorted()).toEqual(Object.keys(PAUSES).toSorted())
})

test('one file defines a healthy voting member', () => {
  const wrong = sources.filter(
    ({ file, code }) =>
      file !== 'etcd/voters.ts' &&
      /read\.answered && !\w*\.?learner|!\w*\.?learner && \w*\.?read\.answered|function (?:healthiestFollower|isHealthyVoter)\b/.test(
        code,
      ),
  )
  expect(wrong.map(({ file }) => file)).toEqual([])
})

test('no import goes in circles, of types neither', () => {
  const circles = sources.map(wayBack).filter((trail) => trail !== undefined)
  expect(circles.map((trail) => trail.join(' → '))).toEqual([])
})

test('no file holds more than one idea can fill', async () => {
  const folders = ['src', 'test', 'bench', 'script']
  const long: string[] = []
  for (const folder of folders) {
    const top = path.resolve(SRC, '..', folder)
    for (const file of await filesBelow(top)) {
      // Tables of cases may have any length.
      if (file.startsWith('etcd/gen/') || file.endsWith('.test.ts')) continue
      const text = await readFile(path.join(top, file), 'utf8')
      const lines = text.split('\n').length - 1
      if (lines > MAX_LINES) long.push(`${folder}/${file}: ${lines} lines`)
    }
  }
  expect(long).toEqual([])
})

const byFile = new Map(sources.map((source) => [source.file, source]))

/**
 * Everything that these files load immediately, directly or not. What a file loads later, with `import()`, has to be
 * awaited, and code that decides or predicts must not wait.
 */
function reachable(start: readonly Source[]): Set<Source> {
  const found = new Set<Source>()
  const visit = (source: Source): void => {
    if (found.has(source)) return
    found.add(source)
    for (const { file, typeOnly, dynamic } of source.imports) {
      const next = typeOnly || dynamic || file === undefined ? undefined : byFile.get(file)
      if (next !== undefined) visit(next)
    }
  }
  for (const source of start) visit(source)
  return found
}

/** The shortest path from a file's imports back to itself, without what is only loaded when needed. */
function wayBack({ file: start }: Source): readonly string[] | undefined {
  const seen = new Set<string>()
  // Grows during the loop: the nearest files come first.
  const trails: (readonly string[])[] = [[start]]
  for (const trail of trails) {
    for (const { file, dynamic } of byFile.get(trail.at(-1) ?? '')?.imports ?? []) {
      if (file === undefined || dynamic || seen.has(file)) continue
      if (file === start) return [...trail, file]
      seen.add(file)
      trails.push([...trail, file])
    }
  }
  return undefined
}

async function readSources(): Promise<Source[]> {
  const files = (await filesBelow(SRC)).filter(
    (file) => file.endsWith('.ts') && !/\.(?:test|fixture|d)\.ts$|\/test(?:ing|-support)\.ts$/.test(file),
  )
  return await Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.join(SRC, file), 'utf8')
      return { file, room: roomOf(file), ...read(file, text) }
    }),
  )
}

function read(file: string, text: string): Pick<Source, 'code' | 'imports'> {
  const { module, comments, errors } = parseSync(file, text)
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`)
  let code = text
  for (const { start, end } of comments) {
    code = code.slice(0, start) + ' '.repeat(end - start) + code.slice(end)
  }
  return { code, imports: importsOf(file, text, module) }
}

/**
 * What `runVerb` does for every command: takes the lock, ends the work if the lock is lost, keeps the record, and asks
 * with `confirm`.
 */
function ownLifecycle(file: string, code: string): readonly string[] {
  const found: string[] = []
  const visit = (node: unknown, asks: boolean): void => {
    if (Array.isArray(node)) for (const one of node) visit(one, asks)
    if (!isNode(node)) return
    if (node.type === 'CallExpression') {
      const called = code.slice(node.callee?.start, node.callee?.end)
      if (called === 'takeLock') found.push('takes the lock')
      if (called === 'withRecorder') found.push('has a recorder')
      if (/(?:^|\.)(?:confirm|approve)$/.test(called) && !asks) found.push('asks')
      if (called === 'AbortSignal.any' && /\blost\b/.test(code.slice(node.start, node.end)))
        found.push('ends when the lock is lost')
    }
    const isConfirm = node.type === 'Property' && node.key?.name === 'confirm'
    for (const part of Object.values(node)) visit(part, asks || isConfirm)
  }
  visit(parseSync(file, code).program, false)
  return found
}

/** Whether `work` is taken out of an object, as it could be of a lock. */
function takesWork(file: string, code: string): boolean {
  const isTaken = (node: unknown): boolean => {
    if (Array.isArray(node)) return node.some(isTaken)
    if (!isNode(node)) return false
    const taken =
      node.type === 'ObjectPattern' && node.properties?.some(({ key }) => key?.name === 'work') === true
    return taken || Object.values(node).some(isTaken)
  }
  return isTaken(parseSync(file, code).program)
}

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly callee?: SyntaxNode
  readonly properties?: readonly SyntaxNode[]
  readonly key?: { readonly name?: string }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value
}

function importsOf(file: string, text: string, module: EcmaScriptModule): Import[] {
  const found: Omit<Import, 'file'>[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
    dynamic: false,
    names: entries
      .filter(({ isType }) => !isType)
      .map(({ importName }) => importName.name ?? importName.kind),
  }))
  for (const { moduleRequest, isType } of module.staticExports.flatMap(({ entries }) => entries)) {
    if (moduleRequest)
      found.push({ specifier: moduleRequest.value, typeOnly: isType, dynamic: false, names: ['*'] })
  }
  // `import()` of a plain text.
  for (const { moduleRequest } of module.dynamicImports) {
    const [, specifier] = /^['"](.*)['"]$/.exec(text.slice(moduleRequest.start, moduleRequest.end)) ?? []
    if (specifier !== undefined) found.push({ specifier, typeOnly: false, dynamic: true, names: ['*'] })
  }
  return found.map((one) => {
    const relative = one.specifier.startsWith('.') && one.specifier.endsWith('.ts')
    const target = relative ? path.posix.join(path.posix.dirname(file), one.specifier) : undefined
    return { ...one, file: target }
  })
}

/** `tiers/etcd`, `verbs/backup`, `host`; '' right under src/. */
function roomOf(file: string): string {
  const folders = file.split('/').slice(0, -1)
  return folders.slice(0, ['tiers', 'verbs'].includes(folders[0] ?? '') ? 2 : 1).join('/')
}

function rulesOf(room: string): readonly string[] | undefined {
  return ALLOWED[room.split('/')[0] ?? '']
}

/** Code that decides: it only computes. */
function isPure({ file }: Source): boolean {
  return /^tiers\/[^/]+\/(?:plan|steps)\/|^tiers\/flannel\/(?:plan|step)\.ts$|^verbs\/[^/]+\/decide[^/]*\.ts$/.test(
    file,
  )
}

/** A file with kinds of steps. */
function isKind(file: string): boolean {
  return /^tiers\/[^/]+\/(?:steps\/[^/]+|step)\.ts$/.test(file)
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs)$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
}
