/** One round trip to a machine: operations that change it, then a look at what it is like afterwards. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import account from './agent/account.sh?raw'
import aside from './agent/aside.sh?raw'
import begin from './agent/begin.sh?raw'
import files from './agent/files.sh?raw'
import ground from './agent/ground.sh?raw'
import limits from './agent/limits.sh?raw'
import looks from './agent/looks.sh?raw'
import install from './agent/install.sh?raw'
import main from './agent/main.sh?raw'
import owner from './agent/owner.sh?raw'
import services from './agent/services.sh?raw'
import surroundings from './agent/surroundings.sh?raw'
import packages from './agent/packages.sh?raw'
import tls from './agent/tls.sh?raw'
import unit from './agent/unit.sh?raw'
import { lookPatience, operationPatience } from './deadlines.ts'
import { hintFor } from './hint.ts'
import { type Content, contentNames, makeParcel } from './parcel.ts'
import type { Operation, Word } from './operations.ts'
import places from './places.sh?raw'

/** One program in several files, each about one thing. */
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
].join('')

export interface AgentRun {
  /** Operations as `agent/*.sh` name them (`op_…`), each a name and its words. */
  readonly operations: readonly Operation[]
  /** The lock's token, without which nothing is changed. Of the engine's alone. */
  readonly fence?: string | undefined
  /** Operations that only look: `facts`, `member`, `restore`, `consumers`. */
  readonly looks: readonly (readonly [name: string, ...words: string[]])[]
  /** Further `op_…` that this run needs: text of a program in POSIX sh. */
  readonly extension?: string | undefined
  /** Where large content arrives, in a private folder of its own: an absolute path. quorate's own folder unless given. */
  readonly incoming?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the index of each operation as it is done. */
  readonly onDone?: ((operation: number) => void) | undefined
  /** How many bytes of a large file that travels alone were sent, a few times a second. */
  readonly onSent?: ((bytes: number) => void) | undefined
}

export interface AgentReply {
  /** The lines of the looks. */
  readonly lines: readonly string[]
  /** What operations said of their work, e.g. `moved A B`. */
  readonly notes: readonly string[]
}

/** @throws QuorateError `command`, with the reason that the machine gave; what was done before stays done. */
export async function runAgent(remote: Remote, run: AgentRun): Promise<AgentReply> {
  const asked: readonly (readonly [name: string, ...words: Word[]])[] = run.operations
  const contents = asked.flatMap(([, ...words]) => words.filter((word) => typeof word !== 'string'))
  const names = contentNames(contents)
  const nameOf = (content: Content) => names[contents.indexOf(content)] ?? ''
  const words = asked.map(([name, ...rest]) => [
    name,
    ...rest.map((word) => (typeof word === 'string' ? word : nameOf(word))),
  ])
  const parcel = contents.length > 0 ? await makeParcel(contents, run.onSent) : undefined
  const place = run.incoming === undefined ? [] : [['incoming', run.incoming]]
  const receives = parcel === undefined ? [] : [...place, parcel.receive]
  const fence = run.fence === undefined ? [] : [['fence', run.fence]]
  // First, so that nothing is sent to a machine whose lock is another's.
  const operations = [...fence, ...receives, ...words]
  const offset = operations.length - words.length
  const argv = [...operations, ...run.looks].flatMap((operation) => [String(operation.length), ...operation])
  // Each has its own time, and what is named when it is up is what hangs.
  const patiences = [...operations.map(operationPatience), lookPatience(run.looks.map(([name]) => name))]
  let current = 0
  const lines = lineReader((line) => {
    // In their order, each once: a machine that lies gains no time.
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
      result.stderr.trim() || `the work there ended with exit code ${result.exitCode}`,
      {
        host: remote.host,
        hint: hintFor(remote.host, result.stderr),
      },
    )
  }
  return {
    lines: output.filter((line) => !line.startsWith('moved ')),
    notes: output.filter((line) => line.startsWith('moved ')),
  }
}

function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}
