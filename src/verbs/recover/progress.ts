/** How far a recovery is, as it stands on the machines: what a run that was cut off tells the next one. */
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import { isAsideSuffix } from '../../host/observe.ts'
import { PATHS } from '../../host/state.ts'
import { recoverCommand, renderUnderway } from '../../engine/underway.ts'
import { type RecoveryMilestone, MILESTONES } from '../../tiers/etcd/steps/recovery.ts'
import { blockedError } from '../../engine/loop.ts'
import { checkName } from '../../spec/values.ts'
import type { Survey } from './survey.ts'

export interface RecoveryProgress {
  /** Whose data it goes on from. */
  readonly survivor: string
  /** Names of nodes that were declared lost. */
  readonly lost: readonly string[]
  /** Ends the name of what is moved aside: `before-recover-20260730T101112Z`. */
  readonly suffix: string
  /** The new cluster's initial-cluster-token. */
  readonly token: string
  /** How far the revision is moved on; 0: it stays. */
  readonly bump: number
  readonly reached: RecoveryMilestone
  /** The ID of the cluster that was lost, hexadecimal; undefined: it was never pinned. */
  readonly former: string | undefined
  /** What the copy came to; from the milestone `copied` on. */
  readonly made?: MadeCluster | undefined
}

export interface MadeCluster {
  /** Hexadecimal. */
  readonly clusterId: string
  /** Of the copy, before it was moved on. */
  readonly revision: number
  /** Keys that there are at that revision; undefined: etcd did not say. */
  readonly keys: number | undefined
  /**
   * HashKV that the new cluster has to have at `revision`, with the revision before which the history is gone; undefined:
   * etcd did not say. Without a revision, as it was noted before there was one: of the copy.
   */
  readonly hash:
    | {
        readonly hash: number
        readonly compactRevision: number
        readonly revision: number | undefined
      }
    | undefined
}

/** The text of the mark. */
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

/** The survivor's own mark knows most. @throws QuorateError `state` for one that is no recovery's. */
export function progressOf({ underway }: Pick<Survey, 'underway'>): RecoveryProgress | undefined {
  const marks = Object.entries(underway).filter(([, { verb }]) => verb === 'recover')
  const [host, mark] = marks.find(([name, { all }]) => all['survivor'] === name) ?? marks[0] ?? []
  if (host === undefined || mark === undefined) return undefined
  const progress = parseProgress(mark.all)
  if (progress === undefined) {
    throw new QuorateError('state', `the mark of a recovery, /var/lib/quorate/underway, is damaged there`, {
      host,
      hint: 'its text has been changed by hand: put it back, from another machine of the cluster if need be',
    })
  }
  // Only the survivor's own mark is ever moved on; another machine's word counts for no more than that it was begun.
  return host === progress.survivor ? progress : { ...progress, reached: 'fenced', made: undefined }
}

/**
 * One machine's word neither stops a cluster that serves nor moves the data of others: a recovery begins without a quorum, and
 * marks every member that it reaches before anything else. @throws QuorateError `blocked` where the machines disagree.
 */
export function requireBorneOut(
  { outlook, members }: Pick<Survey, 'outlook' | 'members'>,
  { survivor, lost, reached, token }: RecoveryProgress,
): void {
  const unmarked = members.some(({ name, host }) => {
    if (host === undefined || name === survivor || lost.includes(name)) return false
    return host.underway?.verb !== 'recover' || host.underway.all['token'] !== token
  })
  // At the last milestone members have joined, and their marks go one by one.
  const doubtful = reached === 'fenced' ? outlook.kind === 'serving' : reached !== 'cleared' && unmarked
  if (!doubtful) return
  throw blockedError([
    {
      host: survivor,
      message: `${PATHS.underway} says that a recovery is under way; the other machines contradict it`,
      hint: `one of the machines is wrong, or was broken into. If you started no recovery, remove ${PATHS.underway} from the machines that have it`,
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

/** Names end up in commands, the suffix in paths on every node: a mark that a node forges must not choose those freely. */
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
