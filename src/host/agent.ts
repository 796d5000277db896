/** One round trip to a node: operations that change it, then a report of its state. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import account from './agent/account.sh?raw'
import aside from './agent/aside.sh?raw'
import begin from './agent/begin.sh?raw'
import files from './agent/files.sh?raw'
import ground from './agent/ground.sh?raw'
import kernel from './agent/kernel.sh?raw'
import kubeadm from './agent/kubeadm.sh?raw'
import limits from './agent/limits.sh?raw'
import leaves from './agent/leaves.sh?raw'
import looks from './agent/looks.sh?raw'
import install from './agent/install.sh?raw'
import main from './agent/main.sh?raw'
import node from './agent/node.sh?raw'
import owner from './agent/owner.sh?raw'
import services from './agent/services.sh?raw'
import programs from './agent/programs.sh?raw'
import surroundings from './agent/surroundings.sh?raw'
import packages from './agent/packages.sh?raw'
import tls from './agent/tls.sh?raw'
import unit from './agent/unit.sh?raw'
import { lookPatience, operationPatience } from './deadlines.ts'
import { detailsFor } from './hint.ts'
import { type Content, contentNames, makeParcel } from './parcel.ts'
import type { Look, Operation, Values } from './operations.ts'
import places from './places.sh?raw'

/** One program in several files, one for each topic. */
const AGENT = [
  begin,
  places,
  ground,
  packages,
  install,
  account,
  files,
  aside,
  tls,
  unit,
  limits,
  owner,
  surroundings,
  looks,
  services,
  kernel,
  kubeadm,
  programs,
  leaves,
  node,
].join('')

export interface AgentRun {
  readonly operations: readonly Operation[]
  /** The lock's token, without which nothing is changed. Only the engine has it. */
  readonly fence?: string | undefined
  /** Operations that only read; they come last. */
  readonly looks: readonly Look[]
  /** Additional `op_…` functions for this run: text of a program in POSIX sh. */
  readonly extension?: string | undefined
  /**
   * The directory below which large content is stored privately: an absolute path. quorate's own directory
   * unless given.
   */
  readonly incoming?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the index of each operation as it is done. */
  readonly onDone?: ((operation: number) => void) | undefined
  /** Called a few times a second with the number of bytes sent, if one large file is sent alone. */
  readonly onSent?: ((bytes: number) => void) | undefined
}

export interface AgentReply {
  /** The lines that the looks printed. */
  readonly lines: readonly string[]
  /** What operations reported, e.g. `moved A B`. */
  readonly notes: readonly string[]
}

/** @throws QuorateError `command`, with the reason from the node; completed operations stay done. */
export async function runAgent(remote: Remote, run: AgentRun): Promise<AgentReply> {
  const contents = run.operations.flatMap(([, values]) =>
    Object.values<Value>(values ?? {}).filter(isContent),
  )
  const names = contentNames(contents)
  const nameOf = (content: Content) => names[contents.indexOf(content)] ?? ''
  const parcel = contents.length > 0 ? await makeParcel(contents, run.onSent) : undefined
  const place: Asked[] = run.incoming === undefined ? [] : [['incoming', { folder: run.incoming }]]
  const receives: Asked[] = parcel === undefined ? [] : [...place, ['receive', parcel.receive]]
  const fence: Asked[] = run.fence === undefined ? [] : [['fence', { token: run.fence }]]
  // First, so that nothing is sent to a node whose lock another run holds.
  const operations: readonly Asked[] = [...fence, ...receives, ...run.operations]
  const offset = operations.length - run.operations.length
  const argv = [...operations, ...run.looks].flatMap((operation) => wordsOf(operation, nameOf))
  // Each operation has its own limit, and a timeout names the operation that hangs.
  const patiences = [
    ...operations.map(([name, values]) => operationPatience(name, values)),
    lookPatience(run.looks.map(([name]) => name)),
  ]
  let current = 0
  const lines = lineReader((line) => {
    // In order and each only once: a dishonest node gains no time.
    if (line !== `step ${current} ok` || current >= operations.length) return
    current += 1
    run.onDone?.(current - 1 - offset)
  })
  const result = await remote.run({
    argv: ['sh', '-c', `${AGENT}${run.extension ?? ''}${main}`, 'quorate', ...argv],
    stdin: parcel?.input,
    root: true,
    signal: run.signal,
    patience: () => patiences[current] ?? lookPatience([]),
    changes: operations.length > 0,
    onStdout: lines,
  })
  const output = result.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('step '))
  if (result.exitCode !== 0) {
    throw new QuorateError(
      'command',
      result.stderr.trim() || `the operation failed with exit code ${result.exitCode}`,
      { host: remote.host, ...detailsFor(remote.host, result) },
    )
  }
  return {
    lines: output.filter((line) => !line.startsWith('moved ')),
    notes: output.filter((line) => line.startsWith('moved ')),
  }
}

type Asked = readonly [name: string, values?: Values]

type Value = Values[string]

function isContent(value: Value): value is Content {
  return typeof value === 'object' && !Array.isArray(value)
}

/**
 * `COUNT NAME ARGUMENT…`, as `agent/main.sh` reads it; an argument is `NAME=VALUE`, and a list repeats the
 * name.
 */
function wordsOf([name, values = {}]: Asked, nameOf: (content: Content) => string): readonly string[] {
  const given = Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return []
    const each = isContent(value) ? [nameOf(value)] : [value].flat()
    return each.map((one) => `${key}=${one}`)
  })
  return [String(given.length + 1), name, ...given]
}

function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}
