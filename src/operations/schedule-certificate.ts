/** The certificate with which a node takes backups by itself: `backup schedule` issues it, others tell of it. */
import { QuorateError } from '../errors.ts'
import { ageOf } from '../pki/age.ts'
import type { Session } from '../run/session.ts'
import { lookAtSchedule } from '../schedule/look.ts'
import { NODE_EXPORTER } from '../schedule/places.ts'
import { scheduleNode } from './backup-schedule-wish.ts'

export interface ScheduleCertificate {
  /** The node. */
  readonly host: string
  readonly pem: string
}

/**
 * On the node that the cluster file means; undefined: the file has no schedule, or none is there.
 *
 * @throws QuorateError if that node can't be looked at
 */
export async function scheduleCertificate(session: Session): Promise<ScheduleCertificate | undefined> {
  const { cluster, signal } = session
  if (cluster.backup?.schedule === undefined) return undefined
  const node = scheduleNode(cluster)
  const look = { exporter: NODE_EXPORTER, signal }
  const { certificate } = await lookAtSchedule(await session.remote(node), look)
  return certificate === undefined ? undefined : { host: node.name, pem: certificate }
}

/** Warns if it is past this share of its life. That a node can't be looked at is a warning too. */
export async function warnOfSchedule(session: Session, share: number): Promise<void> {
  try {
    const found = await scheduleCertificate(session)
    if (found === undefined) return
    const age = ageOf(found.pem, session.now())
    if (age.share < share) return
    const text = `the certificate of its backups is ${age.days} of ${age.lifeDays} days old: quorate backup schedule renews it`
    session.emit({ type: 'warning', host: found.host, text })
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    const text = `how old the certificate of its backups is can't be told: ${error.message}`
    session.emit({ type: 'warning', host: error.host, text })
  }
}
