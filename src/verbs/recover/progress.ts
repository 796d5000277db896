/** The progress of a recovery, as recorded on the nodes: an interrupted run leaves it for the next one. */
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import { isAsideSuffix } from '../../host/observe.ts'
import { PATHS } from '../../host/state.ts'
import { abandonCommand, recoverCommand, renderUnderway } from '../../engine/underway.ts'
import { type RecoveryMilestone, MILESTONES } from '../../tiers/etcd/steps/recovery.ts'
import { blockedError } from '../../engine/loop.ts'
import { checkName } from '../../spec/values.ts'
import type { Survey } from './survey.ts'

export interface RecoveryProgress {
  /** The member whose data is used. */
  readonly survivor: string
  /** Names of nodes that were declared lost. */
  readonly lost: readonly string[]
  /** Suffix of renamed files: `before-recover-20260730T101112Z`. */
  readonly suffix: string
  /** The new cluster's initial-cluster-token. */
  readonly token: string
  /** How far the revision is raised; 0: not at all. */
  readonly bump: number
  readonly reached: RecoveryMilestone
  /** ID of the lost cluster, hexadecimal; undefined: no cluster ID file was written. */
  readonly former: string | undefined
  /** Figures of the copy; from the milestone `copied` on. */
  readonly made?: MadeCluster | undefined
}

export interface MadeCluster {
  /** Hexadecimal. */
  readonly clusterId: string
  /** Revision of the copy, before it was raised. */
  readonly revision: number
  /** Number of keys at that revision; undefined: etcd did not report it. */
  readonly keys: number | undefined
  /**
   * HashKV that the new cluster must have at `revision`, with its compacted revision; undefined: etcd did not report it.
   * Older markers have no revision: there it is the hash of the copy.
   */
  readonly hash:
    | {
        readonly hash: number
        readonly compactRevision: number
        readonly revision: number | undefined
      }
    | undefined
}

/** The text of the marker. */
export function renderProgress(progress: RecoveryProgress): string {
  const { survivor, lost, suffix, token, bump, reached, former, made } = progress
  const figures = made === undefined ? {} : { made: JSON.stringify(made) }
  return renderUnderway('recover', recoverCommand(survivor, lost), {
    survivor,
    lost: lost.join(' '),
    suffix,
    token,
    bump: String(bump),
    stage: reached,
    ...(former === undefined ? {} : { former }),
    ...figures,
  })
}

/** The surviving member's own marker is the most recent. @throws QuorateError `state` for one that isn't a recovery's. */
export function progressOf({ underway }: Pick<Survey, 'underway'>): RecoveryProgress | undefined {
  const marks = Object.entries(underway).filter(([, { verb }]) => verb === 'recover')
  const [host, mark] = marks.find(([name, { all }]) => all['survivor'] === name) ?? marks[0] ?? []
  if (host === undefined || mark === undefined) return undefined
  const progress = parseProgress(mark.all)
  if (progress === undefined) {
    throw new QuorateError('state', `recovery marker is damaged: ${PATHS.underway}`, {
      id: 'damaged-recovery-marker',
      host,
      hint: 'restore its original text, if needed from another node of the cluster',
    })
  }
  // Only the surviving member's marker advances. Another node's marker says only that a recovery was started.
  return host === progress.survivor ? progress : { ...progress, reached: 'fenced', made: undefined }
}

/**
 * One node's marker alone neither stops a serving cluster nor changes other nodes' data: a recovery starts without a quorum,
 * and first marks every member that it reaches. @throws QuorateError `blocked` if the nodes disagree.
 */
export function requireBorneOut(
  { outlook, members }: Pick<Survey, 'outlook' | 'members'>,
  { survivor, lost, reached, token }: RecoveryProgress,
): void {
  const isMarked = ({ host }: (typeof members)[number]) =>
    host?.underway?.verb === 'recover' && host.underway.all['token'] === token
  const unmarked = members.some(
    (one) => one.host !== undefined && one.name !== survivor && !lost.includes(one.name) && !isMarked(one),
  )
  // At the last milestone members have joined, and their markers are removed one by one.
  const doubtful = reached === 'fenced' ? outlook.kind === 'serving' : reached !== 'cleared' && unmarked
  if (!doubtful) return
  const marked = members.filter(isMarked).map(({ name }) => name)
  throw blockedError([
    {
      id: 'other-nodes-contradict',
      host: marked.includes(survivor) ? survivor : (marked[0] ?? survivor),
      message: `${PATHS.underway} says that a recovery is running; the other nodes contradict it`,
      hint:
        reached === 'fenced'
          ? `if a recovery ended while the node was off: ${abandonCommand()} (the cluster stays as it is). Otherwise find out who wrote it: the node may be compromised`
          : `find out who wrote it (the node may be compromised); if you started no recovery, remove ${PATHS.underway} from the nodes that have it`,
    },
  ])
}

const MADE = z.object({
  clusterId: z.string().regex(/^[0-9a-f]{1,16}$/),
  revision: z.number(),
  keys: z.number().optional(),
  hash: z
    .object({ hash: z.number(), compactRevision: z.number(), revision: z.number().optional() })
    .transform(({ revision, ...rest }) => ({ ...rest, revision }))
    .optional(),
})

/** Names end up in commands, and the suffix in paths on every node: a forged marker must not choose them freely. */
function parseProgress(all: Readonly<Record<string, string>>): RecoveryProgress | undefined {
  const { survivor, lost = '', suffix, token, bump = '0', stage, former, made } = all
  const known = MILESTONES.find((one) => one === stage)
  const names = lost.split(' ').filter(Boolean)
  if (survivor === undefined || suffix === undefined || token === undefined || known === undefined)
    return undefined
  if ([survivor, ...names].some((name) => checkName(name) !== undefined)) return undefined
  if (!isAsideSuffix('recover', suffix) || !/^[\w-]{1,200}$/.test(token) || !/^\d{1,15}$/.test(bump))
    return undefined
  if (former !== undefined && !/^[0-9a-f]{1,16}$/.test(former)) return undefined
  const figures = made === undefined ? undefined : parseMade(made)
  if (made !== undefined && figures === undefined) return undefined
  return { survivor, lost: names, suffix, token, bump: Number(bump), reached: known, former, made: figures }
}

function parseMade(text: string): MadeCluster | undefined {
  try {
    const { keys, hash, ...made } = MADE.parse(JSON.parse(text))
    return { ...made, keys, hash }
  } catch {
    return undefined
  }
}
