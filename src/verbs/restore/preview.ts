/** The preview of a restore: what is lost, renamed and stopped. */
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

/** How long a member may take to report its revision, in ms. */
const ANSWER_MS = 2_000

export interface RestorePreview {
  readonly snapshot: {
    readonly name: string
    readonly sizeBytes: number
    readonly revision: bigint
    /** Number of live keys in it; undefined: unknown before it is restored. */
    readonly keys: bigint | undefined
    readonly takenAt: string | undefined
    readonly member: string | undefined
    readonly etcdVersion: string | undefined
    /** The verified signer; undefined: no signature was verified. */
    readonly signer: BundleSigner | undefined
  }
  /** The newest revision that a member reports; undefined: no member answers, or there is no cluster. */
  readonly presentRevision: bigint | undefined
  /** The nodes have data, which will no longer be served. */
  readonly replaces: boolean
  /** True: continues an interrupted restore of this snapshot. */
  readonly continued: boolean
  readonly moved: readonly { readonly host: string; readonly path: string }[]
  readonly stopped: readonly { readonly host: string; readonly what: string }[]
  /** Sentences. */
  readonly risks: readonly string[]
  readonly plan: Plan
}

/** What is known of the snapshot, from its manifest and from etcdutl. */
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
      ? ['An earlier restore of this snapshot was interrupted. This run continues it.']
      : [lossOf(present, revision, since)]),
    ...(about === undefined
      ? ['It is a bare snapshot: its cluster and the etcd version that wrote it are unknown.']
      : []),
    ...(about !== undefined && signer === undefined ? [ORIGIN_UNVERIFIED] : []),
    ...(options.length > 0
      ? []
      : [
          `etcd ${version} can't raise revisions during a restore (3.4.27 and 3.5.10 can). Revisions go back to ${revision}, and watchers would silently miss changes. After the restore, restart every client that watches or caches (controllers, schedulers, kubelets, flannel).`,
        ]),
    ...(cluster.etcd.enableV2
      ? [
          "Keys of the v2 API are lost: snapshots don't contain them. quorate apply writes flannel's network again.",
        ]
      : []),
    ...(2 * without.length > etcdNodes(cluster).length + without.length
      ? [
          `The excluded nodes (${without.join(', ')}) were a majority of the old cluster. Started together, they would serve the old data again.`,
        ]
      : []),
    ...without.map(
      (name) =>
        `${name} is excluded, and still has data of the old cluster. Make sure that its etcd never starts (systemctl disable --now etcd). Then run quorate reset ${name} and quorate apply.`,
    ),
  ]
}

/** What is lost, as exactly as it is known. */
function lossOf(present: bigint | undefined, revision: bigint, since: string): string {
  if (present === undefined)
    return `Every write ${since} (revision ${revision}) is lost. Their number is unknown: no member answers.`
  if (present > revision)
    return `Every write ${since} is lost: the cluster is at revision ${present}, the snapshot is at revision ${revision}.`
  if (present === revision)
    return `The cluster and the snapshot are both at revision ${present}. If the snapshot is from this cluster, only writes from now on are lost.`
  return `All present data is lost: the snapshot, at revision ${revision}, is not from the history of this cluster, which is at revision ${present}.`
}

/** As the members report it, with or without a quorum. */
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

/** The risk of a backup that no allowed signer has signed. */
export const ORIGIN_UNVERIFIED =
  "The origin of this backup is not verified: it is unsigned, or its signature can't be checked on this workstation."
