/** How far a recovery is, as it stands on the machines: what a run that was cut off tells the next one. */
import { QuorateError } from '../errors.ts'
import { renderUnderway } from '../plan/underway.ts'
import { type RecoveryStage, STAGES } from '../plan/recovery-steps.ts'
import type { Survey } from './recover-look.ts'
import { recoverCommand } from './recover-report.ts'

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
  readonly stage: RecoveryStage
  /** The ID of the cluster that was lost, hexadecimal; undefined: it was never pinned. */
  readonly former: string | undefined
  /** What the copy came to; from the stage `copied` on. */
  readonly made?: MadeCluster | undefined
}

export interface MadeCluster {
  /** Hexadecimal. */
  readonly clusterId: string
  /** Of the copy, before it was moved on. */
  readonly revision: number
  /** Keys that there are at that revision; undefined: etcd did not say. */
  readonly keys: number | undefined
  /** HashKV at that revision, with the revision before which the history is gone; undefined: etcd did not say. */
  readonly hash: { readonly hash: number; readonly compactRevision: number } | undefined
}

/** The text of the mark. */
export function renderProgress(progress: RecoveryProgress): string {
  const { survivor, lost, suffix, token, bump, stage, former, made } = progress
  const figures = made === undefined ? {} : { made: JSON.stringify(made) }
  return renderUnderway('recover', recoverCommand(survivor, lost), {
    survivor,
    lost: lost.join(' '),
    suffix,
    token,
    bump: String(bump),
    stage,
    ...(former === undefined ? {} : { former }),
    ...figures,
  })
}

/** The survivor's own mark knows most. @throws QuorateError `state` for one that is no recovery's. */
export function progressOf({ underway }: Pick<Survey, 'underway'>): RecoveryProgress | undefined {
  const marks = Object.entries(underway).filter(([, { verb }]) => verb === 'recover')
  const [host, mark] = marks.find(([name, { all }]) => all['survivor'] === name) ?? marks[0] ?? []
  if (host === undefined || mark === undefined) return undefined
  const { survivor, lost = '', suffix, token, bump, stage, made } = mark.all
  const known = STAGES.find((one) => one === stage)
  if (survivor === undefined || suffix === undefined || token === undefined || known === undefined) {
    throw new QuorateError('state', `the mark of a recovery, /var/lib/quorate/underway, is damaged there`, {
      host,
      hint: 'its text has been changed by hand: put it back, from another machine of the cluster if need be',
    })
  }
  return {
    survivor,
    lost: lost.split(' ').filter(Boolean),
    suffix,
    token,
    bump: Number(bump ?? 0),
    stage: known,
    former: mark.all['former'],
    made: made === undefined ? undefined : (JSON.parse(made) as MadeCluster),
  }
}
