/** The changes that give a node the wanted schedule, or remove it. Pure. */
import { createHash } from 'node:crypto'
import { type ScheduleThere, isThere } from './look.ts'
import { PLACES, SCHEDULE_USER } from './places.ts'

export interface WantedFile {
  readonly path: string
  /** What it is, for people. */
  readonly what: string
  readonly text: string
  readonly owner: string
  readonly group: string
  /** Octal, without a leading zero. */
  readonly mode: string
}

export interface WantedSchedule {
  readonly files: readonly WantedFile[]
  /** Checksum of quorate as one file. */
  readonly programSha256: string
  readonly programBytes: number
  /** etcd's tool for snapshots. */
  readonly tool: { readonly name: string; readonly sha256: string }
  /** Why a certificate has to be issued; undefined: the present one is good. */
  readonly certificate: string | undefined
  /** Why a key for signing backups has to be created; undefined: the present one is good. */
  readonly signingKey: string | undefined
  /** What is needed so that signatures of the node's key count; undefined: nothing, or the key is created again. */
  readonly allowSigner: string | undefined
  /** Whether the CA's key has to be sealed and sent. */
  readonly caKey: boolean
  /** Whether Kubernetes' CAs and keys have to be sealed and sent. */
  readonly kubernetesKeys: boolean
  /** Files of an earlier schedule that this one doesn't need: absolute paths. */
  readonly unwanted: readonly string[]
  /** The directory from which node_exporter reads files. */
  readonly exporter: string
}

export interface ScheduleChange {
  readonly kind:
    | 'user'
    | 'program'
    | 'tool'
    | 'certificate'
    | 'signing-key'
    | 'signer'
    | 'file'
    | 'drop'
    | 'ca-key'
    | 'kubernetes-keys'
    | 'metrics'
    | 'timer'
    | 'remove'
  readonly host: string
  readonly what: string
  readonly why: string
  /** The file to write. */
  readonly file?: WantedFile | undefined
  /** The path to remove. */
  readonly path?: string | undefined
  /** The key whose signatures will count. */
  readonly fingerprint?: string | undefined
}

/** In the order in which they are carried out; empty: nothing has to be changed. */
export function installChanges(there: ScheduleThere, wanted: WantedSchedule): readonly ScheduleChange[] {
  const { host } = there
  const program = there.files[PLACES.program]
  const tool = there.files[PLACES.tool]
  const link = there.exporterLink
  const changes: (ScheduleChange | false)[] = [
    !there.user && {
      kind: 'user',
      host,
      what: `add the user ${SCHEDULE_USER}`,
      why: 'the backups are taken with no rights but its own',
    },
    (program?.sha256 !== wanted.programSha256 || program.mode !== '755') && {
      kind: 'program',
      host,
      what: `install quorate as one file, ${Math.ceil(wanted.programBytes / 1e6)} MB, as ${PLACES.program}`,
      why: program === undefined ? 'it does not exist' : 'it differs',
    },
    (tool?.sha256 !== wanted.tool.sha256 || tool.mode !== '755') && {
      kind: 'tool',
      host,
      what: `install ${wanted.tool.name}, as ${PLACES.tool}`,
      why: `it checks each snapshot; ${tool === undefined ? 'it does not exist' : 'the present one differs'}`,
    },
    wanted.certificate !== undefined && {
      kind: 'certificate',
      host,
      what: 'issue a client certificate for a key that is created on the node',
      why: wanted.certificate,
    },
    wanted.signingKey !== undefined && {
      kind: 'signing-key',
      host,
      what: 'create a signing key for backups on the node, and allow it as a signer',
      why: wanted.signingKey,
    },
    wanted.allowSigner !== undefined && {
      kind: 'signer',
      host,
      what: `let backups count that its key signs: ${wanted.allowSigner}`,
      why: 'it is not among those who may sign',
      fingerprint: wanted.allowSigner,
    },
    wanted.caKey && {
      kind: 'ca-key',
      host,
      what: `copy the CA key to the node, encrypted: ${PLACES.caKey}`,
      why: "only the backups' recipients can open it",
    },
    wanted.kubernetesKeys && {
      kind: 'kubernetes-keys',
      host,
      what: `write Kubernetes' CAs and keys, encrypted: ${PLACES.kubernetesKeys}`,
      why: "without its encryption key the Secrets in a backup can't be read; only the backups' recipients can decrypt it",
    },
    ...wanted.files
      .filter((file) => differs(there, file))
      .map((file): ScheduleChange => {
        const why = there.files[file.path] === undefined ? 'it does not exist' : 'it differs'
        return { kind: 'file', host, what: `write ${file.path}`, why: `${file.what}; ${why}`, file }
      }),
    ...wanted.unwanted
      .filter((path) => there.files[path] !== undefined)
      .map((path): ScheduleChange => {
        return { kind: 'drop', host, what: `remove ${path}`, why: 'nothing needs it any more', path }
      }),
    link !== undefined &&
      link !== PLACES.metrics && {
        kind: 'metrics',
        host,
        what: `link the metrics into ${wanted.exporter}`,
        why: 'node_exporter reads them',
      },
    !(there.timer.enabled && there.timer.active === 'active') && {
      kind: 'timer',
      host,
      what: 'enable and start the timer',
      why: there.timer.exists ? `it is ${there.timer.active}` : 'there is none',
    },
  ]
  return changes.filter((change) => change !== false)
}

/** @param why which other node has the schedule now, or that its removal was requested */
export function removeChanges(there: ScheduleThere, why: string): readonly ScheduleChange[] {
  if (!isThere(there)) return []
  const what = 'stop and remove the schedule: timer, service, certificate and key, quorate, its state'
  return [{ kind: 'remove', host: there.host, what, why }]
}

/** Whether the same changes are made to the same nodes, whatever their texts. */
export function sameChanges(shown: readonly ScheduleChange[], now: readonly ScheduleChange[]): boolean {
  const essence = (changes: readonly ScheduleChange[]) =>
    JSON.stringify(
      changes.map(({ kind, host, file, path, fingerprint }) => {
        const content = file && [file.path, file.text, file.owner, file.group, file.mode]
        return [kind, host, path, fingerprint, content]
      }),
    )
  return essence(shown) === essence(now)
}

function differs({ files }: ScheduleThere, { path, text, owner, group, mode }: WantedFile): boolean {
  const present = files[path]
  if (present === undefined) return true
  const sha256 = createHash('sha256').update(text).digest('hex')
  return present.sha256 !== sha256 || present.owner !== `${owner}:${group}` || present.mode !== mode
}
