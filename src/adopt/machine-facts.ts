/** What a node shows about the etcd that runs on it, whichever tool set it up. */
import { QuorateError } from '../errors.ts'
import { parseProcessEnvironment } from '../etcd/process-environment.ts'
import type { Remote } from '../ssh/remote.ts'
import script from './look-process.sh?raw'

export interface MachineFacts {
  /** Text of the cluster ID file that quorate leaves on members; undefined: missing. */
  readonly pin: string | undefined
  /** The owner of `/etc/etcd`; undefined: it is missing, or a link. */
  readonly ground: Ground | undefined
  /** Path of a static pod manifest for etcd, if there is one. */
  readonly manifest: string | undefined
  readonly processes: readonly EtcdProcess[]
  /** Identifies the node, whatever name it is reached by: the same for two connections to one node. */
  readonly machine: string
  /** etcd's services by name, whether they run or not. */
  readonly services: readonly SeenService[]
  /** Processes that are called etcd but belong to another user: none of their files were read. */
  readonly strangers: readonly { readonly pid: number; readonly user: string }[]
}

export interface Ground {
  readonly owner: string
  readonly group: string
  /** Octal, as `stat` prints it. */
  readonly mode: string
}

/** As systemd reports it. */
export interface SeenService {
  readonly name: string
  /** `active`, `inactive`, `activating`, `failed`. */
  readonly active: string
  /** `running`, `auto-restart`, `dead`. */
  readonly sub: string
  /** Of the last run: `success`, `exit-code`, `signal`. */
  readonly result: string
  /** How often systemd restarted it automatically. */
  readonly restarts: number
}

export interface EtcdProcess {
  readonly pid: number
  /** The user that it runs as. */
  readonly user: string
  /** Path of the running program, as the process sees it. */
  readonly executable: string
  /** The whole command line, the program first. */
  readonly command: readonly string[]
  /** The environment that it was started with. */
  readonly environment: Readonly<Record<string, string>>
  /** Its working directory, which relative paths begin at. */
  readonly directory: string
  /** Text of its configuration file, if it has one: then etcd ignores all other settings. Empty: it can't be read. */
  readonly configuration: string | undefined
  /** It runs in a container of the kubelet, docker, podman or containerd. */
  readonly container: boolean
  /** The systemd service whose main process it is, or that started it. */
  readonly unit: RunningUnit | undefined
}

export interface RunningUnit {
  /** `etcd.service`. */
  readonly name: string
  readonly path: string
  /** The current text of its file on disk. */
  readonly text: string
  readonly enabled: boolean
  readonly dropIns: readonly string[]
}

/** Needs one round trip, as root. @throws QuorateError `command` with the node's output. */
export async function lookForEtcd(remote: Remote, signal: AbortSignal): Promise<MachineFacts> {
  const argv = ['sh', '-c', script, 'quorate-adopt']
  const { exitCode, stdout, stderr } = await remote.run({ argv, root: true, signal })
  if (exitCode === 0) return parseMachineFacts(stdout)
  throw new QuorateError('command', stderr.trim() || `looking for etcd ended with exit code ${exitCode}`, {
    host: remote.host,
    hint: 'make sure that the node has a POSIX sh, coreutils and systemd',
  })
}

export function parseMachineFacts(text: string): MachineFacts {
  const lines = text.split('\n').filter(Boolean).map(words)
  const begin = lines.findIndex(([key]) => key === 'process')
  const machine = begin === -1 ? lines : lines.slice(0, begin)
  const all = (key: string) => machine.filter(([name]) => name === key).map(([, value]) => value)
  const [pin] = all('pin')
  // The processes come last, with unrelated ones among them.
  const strangers = lines.filter(([key]) => key === 'stranger').map(([, value]) => cut(value, ' '))
  const processes: (readonly (readonly [string, string])[])[] = []
  const begins = lines.flatMap(([key], index) => (key === 'process' ? [index] : []))
  for (const [order, at] of begins.entries()) processes.push(lines.slice(at, begins[order + 1]))
  return {
    pin: pin === undefined ? undefined : decode(pin),
    ground: parseGround(all('ground')[0]),
    manifest: all('manifest')[0],
    processes: processes.map((own) => parseProcess(new Map(own))),
    machine: all('machine')[0] ?? '',
    services: [...new Map(all('service').map((line) => [line, parseService(line)])).values()],
    strangers: strangers.map(([pid, user]) => ({ pid: Number(pid), user })),
  }
}

function parseProcess(lines: ReadonlyMap<string, string>): EtcdProcess {
  const [pid = '', user = ''] = (lines.get('process') ?? '').split(' ')
  const configuration = lines.get('config')
  const unit = lines.get('unit')
  return {
    pid: Number(pid),
    user,
    executable: lines.get('executable') ?? '',
    command: pieces(lines.get('command') ?? ''),
    environment: parseProcessEnvironment(decode(lines.get('environment') ?? '')),
    directory: lines.get('directory') ?? '/',
    configuration: configuration === undefined ? undefined : decode(configuration),
    container: /kubepods|docker|libpod|containerd|crio/.test(lines.get('cgroup') ?? ''),
    unit: unit === undefined ? undefined : parseUnit(unit, lines.get('text') ?? ''),
  }
}

function parseGround(line: string | undefined): Ground | undefined {
  if (line === undefined) return undefined
  const [owner = '', group = '', mode = ''] = line.split('|')
  return { owner, group, mode }
}

function parseService(line: string): SeenService {
  const [name = '', active = '', sub = '', result = '', restarts = '0'] = line.split('|')
  return { name, active, sub, result, restarts: Number(restarts) }
}

function parseUnit(line: string, base64: string): RunningUnit {
  const [name = '', path = '', state = '', drops = ''] = line.split('|')
  return {
    name,
    path,
    text: decode(base64),
    enabled: state === 'enabled',
    dropIns: drops.split(' ').filter(Boolean),
  }
}

function words(line: string): [string, string] {
  return cut(line, ' ')
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Base64 of strings that each end in a zero byte, as in /proc. */
function pieces(base64: string): readonly string[] {
  return decode(base64).split('\0').slice(0, -1)
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
