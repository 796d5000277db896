/** Checks etcd's part of a cluster file by itself. */
import { METRICS_PORT, checkListeners } from './check-listeners.ts'
import { checkModules, checkPins, checkPlainMirror } from './check-pins.ts'
import { DEBIAN_VERSIONS, DEFAULTS } from './defaults.ts'
import {
  checkDataDirectory,
  checkRemotePath,
  checkWalDirectory,
  liesWithin,
  tidyRemotePath,
} from './paths.ts'
import { goBoolean, goInteger } from './go-values.ts'
import type { Partly, Reporter } from './report.ts'
import { reservedBecause } from './reserved-settings.ts'
import type { ClusterFile } from './schema.ts'
import { checkVersion, minorNumber } from './values.ts'
import { formatBytes } from './units.ts'

const GIB = 2 ** 30
/** etcd's own default times, in ms. */
const TIMERS = { heartbeat: 100, election: 1000, longestElection: 50_000 }

export function checkEtcd(file: Partly<ClusterFile>, report: Reporter): void {
  checkDirectories(file, report)
  checkPorts(file, report)
  checkApi(file, report)
  checkSource(file, report)
  checkSettings(file, report)
  checkListeners(file, report)
}

/** The default path of the WAL: next to the data directory. */
export function defaultWalDirectory(dataDirectory: string): string {
  return tidyRemotePath(`${dataDirectory}/../wal`)
}

function checkDirectories(file: Partly<ClusterFile>, report: Reporter): void {
  const written = file.etcd?.dataDirectory
  const data = tidyRemotePath(written ?? DEFAULTS.etcd.dataDirectory)
  const wal = file.etcd?.walDirectory
  const dataComplaint = checkDataDirectory(data)
  if (dataComplaint !== undefined) {
    report.error(
      ['etcd', 'dataDirectory'],
      `etcd.dataDirectory: ${dataComplaint.message}`,
      dataComplaint.hint,
    )
  }
  if (wal === undefined) {
    if (written === undefined || dataComplaint !== undefined) return
    const beside = checkWalDirectory(defaultWalDirectory(data))
    if (beside === undefined) return
    const message = `etcd.dataDirectory: without etcd.walDirectory, the WAL directory is next to it: ${beside.message}`
    return report.error(['etcd', 'dataDirectory'], message, `write walDirectory too, like ${data}-wal/wal`)
  }
  if (checkRemotePath(wal) !== undefined) return
  const path = ['etcd', 'walDirectory']
  const tidy = tidyRemotePath(wal)
  const complaint = checkWalDirectory(tidy)
  if (complaint !== undefined)
    return report.error(path, `etcd.walDirectory: ${complaint.message}`, complaint.hint)
  // etcd's own default path: clusters that were set up with it can keep it.
  if (tidy === `${data}/member/wal`) return
  if (liesWithin(tidy, data)) {
    const message =
      'etcd.walDirectory lies inside etcd.dataDirectory: a restore replaces the data directory as a whole'
    report.error(path, message, `write one next to it, like ${defaultWalDirectory(data)}`)
  } else if (liesWithin(data, tidy)) {
    const message =
      'etcd.dataDirectory lies inside etcd.walDirectory: a restore replaces the WAL directory as a whole'
    report.error(path, message, `write one next to the data directory, like ${defaultWalDirectory(data)}`)
  }
}

function checkPorts(file: Partly<ClusterFile>, report: Reporter): void {
  const { clientPort = DEFAULTS.etcd.clientPort, peerPort = DEFAULTS.etcd.peerPort } = file.etcd ?? {}
  for (const [key, port] of Object.entries({ clientPort, peerPort })) {
    if (port < 1024) {
      const message = `etcd.${key}: ${port} is kept for root, and etcd runs as the user etcd`
      report.error(['etcd', key], message, 'write 1024 or more')
    }
    if (port === METRICS_PORT && servesMetrics(file)) {
      report.error(
        ['etcd', key],
        `etcd.${key}: ${port} is where members serve metrics on loopback`,
        'write another, or metrics: clients',
      )
    }
  }
  if (clientPort === peerPort) {
    const key = file.etcd?.peerPort === undefined ? 'clientPort' : 'peerPort'
    report.error(
      ['etcd', key],
      `etcd.${key}: clients and peers can't share port ${peerPort}`,
      'write another',
    )
  }
}

/** By default: if the file sets the address, that is checked with the setting. */
function servesMetrics({ etcd }: Partly<ClusterFile>): boolean {
  return etcd?.metrics !== 'clients' && etcd?.settings?.['listen-metrics-urls'] === undefined
}

function checkApi(file: Partly<ClusterFile>, report: Reporter): void {
  const etcd = file.etcd
  const version = etcd?.version
  const minor =
    version === undefined || checkVersion(version) !== undefined ? undefined : minorNumber(version)
  if (etcd?.enableV2 === true && minor !== undefined && minor >= 6) {
    const message = `etcd.enableV2: etcd ${version} has no v2 API any more: 3.6 removed it`
    report.error(['etcd', 'enableV2'], message, 'remove the key; flannel 0.18 and newer use v3')
  } else if (file.network?.v2 === true && etcd?.enableV2 !== true) {
    const message = "network.v2 writes through etcd's v2 API, which is off"
    const hint =
      minor !== undefined && minor >= 6
        ? 'remove the key: this etcd has no v2 API'
        : 'write etcd.enableV2: true too, or remove it'
    report.error(['network', 'v2'], message, hint)
  }
  if (etcd?.localPlaintext === true) {
    const message =
      'etcd.localPlaintext: every process on an etcd node, of any user, can read and write the whole store, Kubernetes Secrets included'
    report.warning(
      ['etcd', 'localPlaintext'],
      message,
      'leave it out unless something needs it; `quorate etcdctl` does not',
    )
  }
  if (etcd?.plaintextClients === true) {
    const message =
      'etcd.plaintextClients: anyone who reaches the client port can read and write the whole keyspace without a certificate, and the traffic is unencrypted'
    report.warning(
      ['etcd', 'plaintextClients'],
      message,
      'remove the key and apply, as soon as no client speaks http any more',
    )
  }
}

function checkSource(file: Partly<ClusterFile>, report: Reporter): void {
  const { version, source } = file.etcd ?? {}
  checkPins(file, report)
  checkPlainMirror(file, report)
  checkModules(file, report)
  const suite = source?.debian?.suite
  if (suite === undefined || suite === 'sid') return
  const carried = DEBIAN_VERSIONS.get(suite)
  if (version !== undefined && carried !== undefined && carried !== version) {
    report.warning(
      ['etcd', 'version'],
      `etcd.version: Debian ${suite} has ${carried}, not ${version}`,
      `write "${carried}"`,
    )
  }
}

function checkSettings(file: Partly<ClusterFile>, report: Reporter): void {
  const settings = file.etcd?.settings ?? {}
  for (const key of Object.keys(settings)) {
    const path = ['etcd', 'settings', key]
    const flag = flagName(key)
    const reason = reservedBecause(flag)
    if (reason !== undefined) {
      report.error(path, `etcd.settings.${key}: quorate sets this itself: ${reason}`, 'remove it', 'key')
    } else if (flag !== key || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(key)) {
      const hint = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(flag)
        ? `write ${flag}`
        : 'write one like heartbeat-interval'
      report.error(
        path,
        `etcd.settings.${key}: settings are etcd's flags without dashes in front`,
        hint,
        'key',
      )
    }
  }
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined) continue
    const path = ['etcd', 'settings', key]
    const text = String(value)
    // oxlint-disable-next-line no-control-regex -- a control character would end the line of an environment file
    if (/[\u0000-\u001f\u007f]/.test(text))
      report.error(path, `etcd.settings.${key}: a line break or control character`, 'write one line')
    else if (text.trim() === '')
      report.error(path, `etcd.settings.${key}: etcd takes an empty value as none`, 'remove it')
  }
  checkTimers(settings, report)
  checkRisks(settings, report)
}

function flagName(key: string): string {
  const bare = key.replace(/^-+/, '').replace(/^ETCD_/, '')
  return (
    bare === bare.toUpperCase()
      ? bare.toLowerCase()
      : bare.replaceAll(/(?<=[a-z0-9])[A-Z]/g, '-$&').toLowerCase()
  ).replaceAll('_', '-')
}

type Settings = Readonly<Record<string, string | number | boolean | undefined>>

function checkTimers(settings: Settings, report: Reporter): void {
  const read = (key: string, standard: number): number | undefined => {
    const value = settings[key]
    if (value === undefined) return standard
    if (/^[1-9]\d*$/.test(String(value))) return Number(value)
    report.error(
      ['etcd', 'settings', key],
      `etcd.settings.${key}: ${JSON.stringify(value)} is not a time in ms`,
      'write a whole number',
    )
    return undefined
  }
  const heartbeat = read('heartbeat-interval', TIMERS.heartbeat)
  const election = read('election-timeout', TIMERS.election)
  if (heartbeat === undefined || election === undefined) return
  const key = settings['election-timeout'] === undefined ? 'heartbeat-interval' : 'election-timeout'
  if (election < 5 * heartbeat) {
    const message = `etcd.settings.${key}: an election timeout of ${election} ms is less than five heartbeats of ${heartbeat} ms, and etcd refuses to start`
    const hint =
      key === 'election-timeout'
        ? `write ${5 * heartbeat} or more`
        : `write election-timeout: ${10 * heartbeat} too`
    report.error(['etcd', 'settings', key], message, hint)
  } else if (election > TIMERS.longestElection) {
    const message = `etcd.settings.election-timeout: ${election} ms is over ${TIMERS.longestElection}, and etcd refuses to start`
    report.error(['etcd', 'settings', key], message, 'write ten times the longest round trip between nodes')
  }
}

function checkRisks(settings: Settings, report: Reporter): void {
  const quota = settings['quota-backend-bytes']
  const path = ['etcd', 'settings', 'quota-backend-bytes']
  const bytes = quota === undefined ? 0n : goInteger(String(quota))
  if (bytes === undefined) {
    report.error(
      path,
      `etcd.settings.quota-backend-bytes: ${JSON.stringify(quota)} is not a number of bytes`,
      `write one like ${8 * GIB}`,
    )
  } else if (bytes > 8 * GIB) {
    const size = formatBytes(Number(bytes))
    const message = `etcd.settings.quota-backend-bytes: ${size} is over the 8 GiB that etcd advises: starts, snapshots and defrags get slow`
    report.warning(path, message, `write ${8 * GIB} or less`)
  }
  if (goBoolean(String(settings['unsafe-no-fsync'])) === true) {
    const message = 'etcd.settings.unsafe-no-fsync: a power failure then loses writes that were acknowledged'
    report.warning(['etcd', 'settings', 'unsafe-no-fsync'], message, 'remove it outside of tests', 'key')
  }
}
