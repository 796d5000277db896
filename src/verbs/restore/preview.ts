/** What whoever says yes to a restore should have read: what is lost, moved and stopped. */
import type { OpenedBackup } from '../../backup/open.ts'
import type { BundleSigner } from '../../backup/trusted.ts'
import { QuorateError } from '../../errors.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { utf8 } from '../../etcd/keys.ts'
import type { Plan } from '../../tiers/etcd/plan/plan.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import type { RestoreDecision } from './decide.ts'
import type { SnapshotStatus } from '../../etcd/snapshot-tool.ts'

/** How long a member may take to say how far it is, in ms. */
const ANSWER_MS = 2_000

export interface RestorePreview {
  readonly snapshot: {
    readonly name: string
    readonly sizeBytes: number
    readonly revision: bigint
    /** Keys alive in it; undefined: not known before it is restored. */
    readonly keys: bigint | undefined
    readonly takenAt: string | undefined
    readonly member: string | undefined
    readonly etcdVersion: string | undefined
    /** Whose signature was checked; undefined: nobody's. */
    readonly signer: BundleSigner | undefined
  }
  /** The newest revision that a member says it has; undefined: none answers, or there is no cluster. */
  readonly presentRevision: bigint | undefined
  /** There is data on the machines: it will not be served any more. */
  readonly replaces: boolean
  /** A restore of this snapshot that broke off is gone on with. */
  readonly continued: boolean
  readonly moved: readonly { readonly host: string; readonly path: string }[]
  readonly stopped: readonly { readonly host: string; readonly what: string }[]
  /** Sentences. */
  readonly risks: readonly string[]
  readonly plan: Plan
}

/** What is known of the snapshot, by what came with it and by etcd's own tool. */
type SnapshotFacts = Pick<OpenedBackup, 'about' | 'proof' | 'name' | 'sizeBytes' | 'signer'> & {
  readonly status: SnapshotStatus
}

export async function previewOf(
  session: Session,
  decision: RestoreDecision,
  snapshot: SnapshotFacts,
): Promise<RestorePreview> {
  const { plan, observed, surroundings, intent, continued } = decision
  const { about, proof, name, sizeBytes, signer, status } = snapshot
  const presentRevision = continued ? undefined : await newestRevision(session, decision)
  const steps = plan.waves.flat()
  const moved = steps.flatMap((step) =>
    step.kind === 'restore-place'
      ? step.aside.map((path) => ({ host: step.host, path: `${path}.${step.restore.suffix}` }))
      : [],
  )
  const members = etcdNodes(intent.cluster).map(({ name: host }) => observed.hosts[host]?.member)
  return {
    snapshot: {
      name,
      sizeBytes,
      revision: BigInt(status.revision),
      keys: proof?.keys === undefined ? undefined : BigInt(proof.keys),
      takenAt: about?.takenAt,
      member: about?.member,
      etcdVersion: about?.etcdVersion,
      signer,
    },
    presentRevision,
    replaces: members.some((member) => member?.dataPresent === true || member?.walPresent === true),
    continued,
    moved,
    stopped: surroundings.etcdClients,
    risks: risksOf(decision, snapshot, presentRevision),
    plan,
  }
}

function risksOf(
  { intent, continued }: RestoreDecision,
  { about, signer, status }: SnapshotFacts,
  present: bigint | undefined,
): readonly string[] {
  const { cluster, without, options } = intent
  const revision = BigInt(status.revision)
  const since = about === undefined ? 'since it was taken' : `since ${about.takenAt}`
  const { version } = cluster.etcd
  return [
    ...(continued
      ? ['A restore of this snapshot broke off here: it is gone on with.']
      : [lossOf(present, revision, since)]),
    ...(about === undefined
      ? ['It is a bare snapshot: nothing in it says of which cluster it is, or which etcd wrote it.']
      : []),
    ...(about !== undefined && signer === undefined
      ? [
          'The origin of this backup is not verified: it is not signed, or its signature can’t be checked here.',
        ]
      : []),
    ...(options.length > 0
      ? []
      : [
          `etcd ${version} can't raise revisions as it restores (3.4.27 and 3.5.10 can): they go back to ${revision}, and what watches may miss changes without a word. Restart every client that watches or caches (controllers, schedulers, kubelets, flannel) after it.`,
        ]),
    ...(cluster.etcd.enableV2
      ? [
          'Keys of the v2 API are in no snapshot: they are lost. quorate apply writes flannel’s network again.',
        ]
      : []),
    ...(2 * without.length > etcdNodes(cluster).length + without.length
      ? [
          `Those that are left out (${without.join(', ')}) are a majority of before: started together they would serve the old contents again.`,
        ]
      : []),
    ...without.map(
      (name) =>
        `${name} is left out. Its data would go on as the cluster of before: see to it that its etcd never starts (systemctl disable --now etcd), then: quorate reset ${name} and quorate apply.`,
    ),
  ]
}

/** Exactly what is lost, as far as anybody can say. */
function lossOf(present: bigint | undefined, revision: bigint, since: string): string {
  if (present === undefined)
    return `Every write ${since} (revision ${revision}) is lost; no member answers that could say how many there were.`
  if (present > revision)
    return `Every write ${since} is lost: the cluster is at revision ${present}, the snapshot at ${revision}.`
  if (present === revision)
    return `The cluster is at revision ${present}, as the snapshot is: if that is its own, nothing is lost but what is written from now on.`
  return `The cluster is at revision ${present}, and the snapshot, at ${revision}, is not from its present history: everything in the cluster now is lost.`
}

/** As members say it themselves, with a majority or without. */
async function newestRevision(session: Session, { observed }: RestoreDecision): Promise<bigint | undefined> {
  const running = etcdNodes(session.cluster).filter(
    ({ name }) => observed.hosts[name]?.member?.unit.environment !== undefined,
  )
  if (running.length === 0 || observed.authority.bundle === undefined) return undefined
  const { results } = await onAll(running, async (node) => {
    const [client] = await session.members([node])
    const request = { key: utf8('health'), countOnly: true, serializable: true }
    try {
      const answer = await client?.call(KV.method.range, request, {
        timeoutMs: ANSWER_MS,
        signal: session.signal,
      })
      return answer?.header?.revision ?? 0n
    } catch (error) {
      if (error instanceof QuorateError && error.code === 'cancelled') session.signal.throwIfAborted()
      throw error
    }
  })
  const revisions = results.map(({ value }) => value)
  if (revisions.length === 0) return undefined
  return revisions.reduce((most, each) => (each > most ? each : most))
}
