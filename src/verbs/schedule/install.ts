/** Installs a schedule on its node, or removes it, in as few round trips as its certificate allows. */
import { Readable } from 'node:stream'
import { armor } from 'age-encryption'
import { seal } from '../../backup/sealing.ts'
import { combineErrors } from '../../errors.ts'
import extension from '../../host/agent/schedule.sh?raw'
import { exportKubernetesKeys } from '../../kubernetes/keys-backup.ts'
import { exportCaKey } from '../../pki/ca-key-export.ts'
import { runErrand } from '../../engine/errand.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { ScheduleChange, WantedSchedule } from '../../schedule/changes.ts'
import type { ConfigOutline } from '../../schedule/config.ts'
import { NODE_EXPORTER, PLACES, SCHEDULE_USER, SERVICE, TIMER } from '../../schedule/places.ts'
import type { Node } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import type { ScheduleFacts } from './observe.ts'
import type { Operation } from '../../host/operations.ts'
import { installCertificate, issueForSchedule, scheduleKey } from '../../schedule/certificate.ts'
import type { ScheduleSources, DesiredSchedule } from './desired.ts'
import { allowSigner, makeSigningKey } from '../../schedule/signing.ts'
import { nodePrincipal, retireSigner } from '../../backup/signers.ts'

/** Secrets that must not stay on the node longer than necessary. */
const SECRETS = [
  PLACES.key,
  PLACES.certificate,
  PLACES.signingKey,
  PLACES.caKey,
  PLACES.kubernetesKeys,
  PLACES.storeCredentials,
  // Created by an interrupted run.
  `${PLACES.folder}/waiting.key`,
  `${PLACES.folder}/waiting-signing.key`,
]

const PROGRAM_FOLDER = PLACES.program.slice(0, PLACES.program.lastIndexOf('/'))

export interface InstallOptions {
  readonly lock: Lock
  readonly desired: DesiredSchedule
  readonly wanted: WantedSchedule
  readonly sources: ScheduleSources
  /** The changes on all nodes. */
  readonly changes: readonly ScheduleChange[]
  /** The public half of the key that signs backups on this node, if there is one. */
  readonly signingKey: string | undefined
}

export async function installSchedule(session: Session, options: InstallOptions): Promise<void> {
  const { lock, desired, wanted, sources } = options
  const { node } = desired
  const changes = options.changes.filter(({ host }) => host === node.name)
  const change = (kind: ScheduleChange['kind']) => changes.find((one) => one.kind === kind)
  const run = async (works: readonly Work[]) => {
    const operations = works.map(({ operation }) => operation)
    const onDone = (index: number) => {
      const text = works[index]?.change?.what
      if (text !== undefined) session.emit({ type: 'note', host: node.name, text: `done: ${text}` })
    }
    return await runErrand(session, lock, node, { reason: 'changes', operations, extension, onDone })
  }

  const ground: readonly Work[] = [
    { operation: ['user', { name: SCHEDULE_USER, shell: '/usr/sbin/nologin' }], change: change('user') },
    {
      operation: ['directory', { path: PLACES.folder, owner: 'root', group: SCHEDULE_USER, mode: '750' }],
    },
  ]
  const request = change('certificate')
  let certificate: readonly Work[] = []
  if (request !== undefined) {
    const { lines } = await run([...ground, { operation: scheduleKey(session) }])
    const operation = installCertificate(await issueForSchedule(session, node, lines))
    certificate = [{ operation, change: request }]
  }
  const signing = change('signing-key')
  if (signing !== undefined) {
    const { lines } = await run([
      ...ground.map(({ operation }) => ({ operation })),
      { operation: makeSigningKey(session.cluster.name, node.name), change: signing },
    ])
    await allowSigner(session, node, lines)
  }
  const binaries = [
    { binary: sources.program, path: PLACES.program, change: change('program') },
    { binary: sources.tool, path: PLACES.tool, change: change('tool') },
  ].filter((one) => one.change !== undefined)
  const bytes = binaries.reduce((sum, { binary }) => sum + binary.sizeBytes, 0)
  if (bytes > 0) session.emit({ type: 'sending', host: node.name, bytes })
  await run([
    ...(request === undefined ? ground : ground.map(({ operation }) => ({ operation }))),
    { operation: ['directory', { path: PROGRAM_FOLDER, owner: 'root', group: 'root', mode: '755' }] },
    ...binaries.map(({ binary: { file, sha256 }, path, change: its }): Work => {
      return {
        operation: ['binary', { content: { file }, path, sha256, version: 'unknown' }],
        change: its,
      }
    }),
    ...certificate,
    ...(await sealedWork(change('ca-key'), PLACES.caKey, desired, async () => await caKey(session))),
    ...(await sealedWork(
      change('kubernetes-keys'),
      PLACES.kubernetesKeys,
      desired,
      async () => await exportKubernetesKeys(session),
    )),
    ...changes.flatMap(fileWork),
    // After the configuration is written: if this run is interrupted, only the configuration says whose backups are
    // where.
    ...(desired.store.kind === 'directory'
      ? [{ operation: ['schedule_store', { folder: desired.store.path, user: SCHEDULE_USER }] as const }]
      : []),
    ...linkWork(wanted, change('metrics')),
    { operation: ['reload'] },
    { operation: ['enable', { unit: TIMER }] },
    // Restarted if its times have changed.
    { operation: ['restart', { unit: TIMER, seconds: '30', folders: [] }], change: change('timer') },
  ])
  // The key exists already. Only its signatures did not count so far.
  if (change('signer') !== undefined && options.signingKey !== undefined)
    await allowSigner(session, node, [`signing ${options.signingKey}`])
}

interface Work {
  readonly operation: Operation
  /** What to do with it. */
  readonly change?: ScheduleChange | undefined
}

function fileWork(change: ScheduleChange): readonly Work[] {
  const { file } = change
  if (change.path !== undefined) return [{ operation: ['remove', { paths: [change.path] }], change }]
  if (file === undefined) return []
  const { path, text, owner, group, mode } = file
  return [{ operation: ['file', { content: { text }, path, owner, group, mode }], change }]
}

function linkWork({ exporter }: WantedSchedule, change: ScheduleChange | undefined): readonly Work[] {
  if (change === undefined) return []
  const path = `${exporter}/${fileName(PLACES.metrics)}`
  return [{ operation: ['schedule_link', { target: PLACES.metrics, path }], change }]
}

/**
 * Keys from this workstation, sealed for the recipients of the backups: who can open a backup can open them too, but
 * the node can't.
 */
async function sealedWork(
  change: ScheduleChange | undefined,
  path: string,
  { recipients }: DesiredSchedule,
  read: () => Promise<string | undefined>,
): Promise<readonly Work[]> {
  if (change === undefined) return []
  const keys = await read()
  if (keys === undefined) throw new TypeError(`no recipients to encrypt ${path} to`)
  const file = { path, owner: 'root', group: SCHEDULE_USER, mode: '640' }
  return [{ operation: ['file', { content: { text: await sealed(keys, recipients) }, ...file }], change }]
}

async function caKey({ cluster, askPassphrase, signal }: Session): Promise<string | undefined> {
  return await exportCaKey(cluster, askPassphrase, signal)
}

/** Removes the schedules of all nodes that should not have one, in parallel. Their backups stay where they are. */
export async function removeSchedules(
  session: Session,
  lock: Lock,
  { changes, outlines }: Pick<ScheduleFacts, 'changes' | 'outlines'>,
): Promise<void> {
  const hosts = changes.filter(({ kind }) => kind === 'remove').map(({ host }) => host)
  const nodes = session.cluster.nodes.filter(({ name }) => hosts.includes(name))
  const { results, errors } = await onAll(nodes, async (node) => {
    await removeSchedule(session, lock, node, outlines.get(node.name) ?? {})
  })
  // The nodes' keys are removed as well; their existing signatures stay valid. One after the other, because the list is
  // one file.
  for (const { host } of results)
    await retireSigner(session.cluster, nodePrincipal(session.cluster.name, host), session.now())
  if (errors.length > 0) throw combineErrors(errors)
}

async function removeSchedule(
  session: Session,
  lock: Lock,
  node: Node,
  config: ConfigOutline,
): Promise<void> {
  const notes = [PLACES.program, PLACES.tool].map((path) => `/var/lib/quorate/binaries/${fileName(path)}`)
  const links = `${config.exporter ?? NODE_EXPORTER}/${fileName(PLACES.metrics)}`
  await runErrand(session, lock, node, {
    reason: 'changes',
    operations: [
      ['stop', { unit: TIMER }],
      ['stop', { unit: SERVICE }],
      [
        'remove',
        {
          paths: [PLACES.timer, PLACES.service, ...SECRETS, PROGRAM_FOLDER, PLACES.stateFolder, PLACES.stamp],
        },
      ],
      ['remove', { paths: [links, ...notes] }],
      ['reload'],
      ['schedule_forget', { user: SCHEDULE_USER, folder: config.store?.path }],
      // Last: if this run is interrupted before, the configuration still says who must own the backups.
      ['remove', { paths: [PLACES.folder] }],
    ],
    extension,
  })
  session.emit({ type: 'note', host: node.name, text: 'removed its schedule' })
}

/** age, armored. */
async function sealed(text: string, recipients: readonly string[]): Promise<string> {
  const stream = await seal({ kind: 'recipients', recipients }, Readable.from([Buffer.from(text)]))
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return armor.encode(Buffer.concat(pieces))
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
