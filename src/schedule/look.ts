/** Inspects the schedule on one node in one round trip, without changing anything. */
import type { Remote } from '../ssh/remote.ts'
import { QuorateError } from '../errors.ts'
import script from './look.sh?raw'
import { PLACES, SERVICE, TIMER } from './places.ts'
import { type ScheduleState, parseState } from './state.ts'

export interface FileThere {
  /** `root:root` */
  readonly owner: string
  /** Octal, without a leading zero. */
  readonly mode: string
  /** Hex. */
  readonly sha256: string
}

export interface UnitThere {
  readonly exists: boolean
  /** `active`, `inactive`, `activating`, `failed` … */
  readonly active: string
  readonly enabled: boolean
  /** `success`, `exit-code`, `timeout` … of the latest run. */
  readonly result: string
}

export interface ScheduleThere {
  readonly host: string
  /** As `uname -m` prints it. */
  readonly machine: string
  readonly user: boolean
  /** By path. */
  readonly files: Readonly<Record<string, FileThere>>
  /** The configuration's text. */
  readonly config: string | undefined
  readonly state: ScheduleState | undefined
  /** PEM. */
  readonly certificate: string | undefined
  /** SHA-256 of the public key (SPKI) of the key next to it. */
  readonly keySpki: string | undefined
  /** The public half of the key that signs backups: `ssh-ed25519 AAAA…`. */
  readonly signingKey: string | undefined
  /** Whether ssh-keygen, which signs, is installed. */
  readonly sshKeygen: boolean
  /** systemd's version; undefined: not reported. */
  readonly systemd: number | undefined
  /** undefined: node_exporter reads no files on this node. Empty: quorate's metrics are not among them. */
  readonly exporterLink: string | undefined
  readonly timer: UnitThere
  readonly service: UnitThere
  readonly needsReload: boolean
  readonly next: Date | undefined
  /** The longest time between two backups, in seconds; undefined: there is no timer, or it never fires twice. */
  readonly periodSeconds: number | undefined
  /** Why systemd on this node rejects the requested times. */
  readonly refused: string | undefined
}

export interface LookOptions {
  /** OnCalendar; default: that of the present timer. */
  readonly every?: string | undefined
  /** The directory from which node_exporter reads files. */
  readonly exporter: string
  readonly signal?: AbortSignal | undefined
}

const FILES = [
  PLACES.program,
  PLACES.tool,
  PLACES.config,
  PLACES.clusterFile,
  PLACES.caKey,
  PLACES.kubernetesKeys,
  PLACES.key,
  PLACES.certificate,
  PLACES.trust,
  PLACES.signingKey,
  PLACES.signers,
  PLACES.storeCa,
  PLACES.storeCredentials,
  PLACES.service,
  PLACES.timer,
]

/** @throws QuorateError `command` if the inspection fails */
export async function lookAtSchedule(remote: Remote, options: LookOptions): Promise<ScheduleThere> {
  const { every = '', exporter, signal } = options
  const argv = ['sh', '-c', script, 'quorate-schedule', every, exporter, PLACES.metrics, ...FILES]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  if (exitCode !== 0) {
    throw new QuorateError('command', `looking for a schedule of backups failed: ${stderr.trim()}`, {
      host: remote.host,
    })
  }
  return parseLook(remote.host, stdout)
}

/** Whether any part of a schedule is on the node. */
export function isThere({ files, user, timer, service }: ScheduleThere): boolean {
  return user || Object.keys(files).length > 0 || timer.exists || service.exists
}

export function parseLook(host: string, text: string): ScheduleThere {
  const facts = text.split('\n').map((line) => splitOnce(line))
  const all = (key: string) => facts.flatMap(([name, value]) => (name === key ? [value] : []))
  const packed = (key: string) => {
    const [value] = all(key)
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')
  }
  const units = all('unit')
  const [next] = all('next')
  const elapses = all('elapse').map(Number)
  const gaps = elapses.slice(1).map((time, index) => time - (elapses[index] ?? time))
  return {
    host,
    machine: all('machine')[0] ?? '',
    user: facts.some(([name]) => name === 'user'),
    files: Object.fromEntries(
      all('file').map((value) => {
        const [owner = '', mode = '', sha256 = '', file = ''] = value.split(' ')
        return [file, { owner, mode, sha256 }]
      }),
    ),
    config: packed('config'),
    state: parseState(packed('state')),
    certificate: packed('certificate'),
    keySpki: all('key')[0],
    signingKey: all('signing')
      .find((key) => /^ssh-ed25519 [A-Za-z0-9+/=]+( |$)/.test(key))
      ?.split(' ', 2)
      .join(' '),
    sshKeygen: facts.some(([name]) => name === 'ssh-keygen'),
    systemd: all('systemd').map(Number)[0],
    exporterLink: all('exporter')[0],
    timer: unit(units, TIMER),
    service: unit(units, SERVICE),
    needsReload: units.some((line) => line.endsWith(' NeedDaemonReload=yes')),
    next: next === undefined ? undefined : new Date(Number(next) * 1000),
    periodSeconds: gaps.length > 0 ? Math.max(...gaps) : undefined,
    refused: all('refused')[0],
  }
}

function unit(lines: readonly string[], name: string): UnitThere {
  const value = (property: string) => {
    const start = `${name} ${property}=`
    return lines.find((line) => line.startsWith(start))?.slice(start.length)
  }
  return {
    exists: value('LoadState') === 'loaded',
    active: value('ActiveState') ?? 'unknown',
    enabled: value('UnitFileState') === 'enabled',
    result: value('Result') ?? 'unknown',
  }
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf(' ')
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
