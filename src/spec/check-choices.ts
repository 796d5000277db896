/** Where a cluster file must choose one thing, or two things belong together; and what lives too long. */
import { BACKUP_DEFAULTS } from './defaults.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { counted, plural } from './units.ts'

/** Past this, a stolen key is a worry for years (the limit that browsers drew in 2018). */
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
  if (days !== undefined && days > LONG_DAYS) {
    const message = `pki.days: ${counted(days, 'day')}: a stolen key stays useful as long as its certificate is valid`
    report.warning(['pki', 'days'], message, `write ${LONG_DAYS} or less; renewing is one command`)
  } else if (days !== undefined && days < SHORT_DAYS) {
    report.warning(
      ['pki', 'days'],
      `pki.days: ${counted(days, 'day')} ${plural(days, 'leaves', 'leave')} little time to renew`,
      `write ${SHORT_DAYS} or more`,
    )
  }
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
      'backup.schedule without backup.recipients: nobody is there to be asked for a passphrase',
      hint,
      'key',
    )
  }
  const { keep, node } = backup.schedule
  if (node !== undefined && !(nodes ?? []).some((one) => one?.name === node))
    report.error(
      [...path, 'node'],
      `${node} is no node of this file`,
      'name one of nodes, best one that carries no etcd',
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
  const { url, checksums, mirror } = source.release ?? {}
  const path = ['etcd', 'source', 'release']
  if (mirror !== undefined && (url !== undefined || checksums !== undefined)) {
    report.error(
      [...path, 'mirror'],
      'etcd.source.release.mirror stands for url and checksums, and they are here too',
      'keep mirror, or the two others',
    )
  } else if ((url === undefined) !== (checksums === undefined)) {
    const [there, missing] = url === undefined ? ['checksums', 'url'] : ['url', 'checksums']
    const message = `etcd.source.release has ${there} without ${missing}: an archive and its checksums belong together`
    report.error([...path, there], message, `write ${missing} too, or a mirror instead of both`)
  }
}

function oneOf(path: readonly string[], value: object, keys: readonly string[], report: Reporter): void {
  const here = keys.filter((key) => Object.hasOwn(value, key))
  const name = path.join('.')
  if (here.length === 0) report.error(path, `${name} is empty`, `write one of ${keys.join(', ')}`)
  else if (here.length > 1) {
    report.error(
      [...path, here[1]!],
      `${name} has ${here.join(' and ')}: it can only be one`,
      'keep one',
      'key',
    )
  }
}
