/** Renews the certificate with which a node takes backups by itself. */
import { runErrand } from '../../engine/errand.ts'
import type { Lock } from '../../engine/lock.ts'
import { QuorateError } from '../../errors.ts'
import extension from '../../host/agent/schedule.sh?raw'
import type { Operation } from '../../host/operations.ts'
import {
  type DueScheduleCertificate,
  type ScheduleCertificate,
  installCertificate,
  issueForSchedule,
  scheduleCertificate,
  scheduleKey,
} from '../../schedule/certificate.ts'
import type { Session } from '../../tiers/etcd/session.ts'

/**
 * Renews it with a new key, which is created on the node; both are replaced at once. @throws QuorateError `moved` if
 * the old one is still there afterwards
 */
export async function renewSchedule(
  session: Session,
  lock: Lock,
  { node, pem }: DueScheduleCertificate,
): Promise<ScheduleCertificate> {
  const run = async (operation: Operation) =>
    await runErrand(session, lock, node, { reason: 'changes', operations: [operation], extension })
  const { lines } = await run(scheduleKey(session))
  await run(installCertificate(await issueForSchedule(session, node, lines)))
  const after = await scheduleCertificate(session)
  if (after !== undefined && after.pem !== pem) return after
  throw new QuorateError('moved', 'the certificate of its backups is the old one, although it was renewed', {
    host: node.name,
    hint: 'find out what reverted it (configuration management?), then rerun the command',
  })
}
