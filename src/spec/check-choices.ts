/**
 * Checks where a cluster file must choose one of several keys, where two keys belong together, and what is valid for
 * too long.
 */
import { checkRelease, oneOf } from './check-release.ts'
import { BACKUP_DEFAULTS } from './defaults.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { counted, plural } from './units.ts'

/** With a longer validity, a stolen key stays dangerous for years (browsers have had this limit since 2018). */
const LONG_DAYS = 825
const SHORT_DAYS = 7

export function checkChoices(file: Partly<ClusterFile>, report: Reporter): void {
  const { authority, days } = file.pki ?? {}
  if (typeof authority === 'object') {
    oneOf(['pki', 'authority'], authority, ['local', 'host', 'offline'], report)
    const { certificate, key } = authority.local ?? {}
    if ((certificate === undefined) !== (key === undefined)) {
      const [there, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key']
      const message = `pki.authority.local has a ${there} without a ${missing}: an existing CA is both`
      report.error(
        ['pki', 'authority', 'local', there],
        message,
        `write ${missing} too, or neither for a new CA`,
      )
    }
  }
  if (days !== undefined) checkDays(['pki', 'days'], days, report)
  checkSource(file, report)
  checkBackup(file, report)
  const { network } = file
  if (network !== undefined && !Object.hasOwn(network, 'Network') && !Object.hasOwn(network, 'IPv6Network')) {
    report.error(
      ['network'],
      'network has no Network: there is nothing to give out',
      'write one, like Network: 10.5.0.0/16',
      'key',
    )
  }
}

/** Validity of certificates in days. */
export function checkDays(path: readonly string[], days: number, report: Reporter): void {
  const name = path.join('.')
  if (days > LONG_DAYS) {
    const message = `${name}: ${counted(days, 'day')}: a stolen key stays useful as long as its certificate is valid`
    report.warning(path, message, `write ${LONG_DAYS} or less; renewing is one command`)
  } else if (days < SHORT_DAYS) {
    const message = `${name}: ${counted(days, 'day')} ${plural(days, 'leaves', 'leave')} little time to renew`
    report.warning(path, message, `write ${SHORT_DAYS} or more`)
  }
}

function checkBackup({ backup, nodes }: Partly<ClusterFile>, report: Reporter): void {
  if (backup?.store !== undefined) oneOf(['backup', 'store'], backup.store, ['directory', 's3'], report)
  if (backup?.schedule === undefined) return
  const path = ['backup', 'schedule']
  if (backup.store === undefined) {
    const hint = 'write backup.store: a directory, or a bucket'
    report.error(path, 'backup.schedule without backup.store: there is nowhere to keep them', hint, 'key')
  }
  if ((backup.recipients ?? []).length === 0) {
    const hint =
      'make a pair of keys with age-keygen, keep the secret one safe, and write the public one under backup.recipients'
    report.error(
      path,
      "backup.schedule without backup.recipients: a scheduled backup can't ask for a passphrase",
      hint,
      'key',
    )
  }
  const { keep, node } = backup.schedule
  if (node !== undefined && !(nodes ?? []).some((one) => one?.name === node))
    report.error(
      [...path, 'node'],
      `${node} is not a node of this file`,
      "name one of nodes, preferably one that doesn't run etcd",
    )
  if (keep !== undefined && Object.values({ ...BACKUP_DEFAULTS.keep, ...keep }).every((count) => count === 0))
    report.error(
      [...path, 'keep'],
      'backup.schedule.keep keeps none',
      'write at least one count above 0',
      'key',
    )
}

function checkSource(file: Partly<ClusterFile>, report: Reporter): void {
  const source = file.etcd?.source
  if (source === undefined) return
  oneOf(['etcd', 'source'], source, ['release', 'debian', 'modules', 'file'], report)
  checkRelease(['etcd', 'source', 'release'], source.release ?? {}, 'an archive', report)
}
