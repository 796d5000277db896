/** Reads a cluster file with all its checks. */
import { checkFlannelForFile } from '../flannel/file-check.ts'
import { sharesPortFrom } from '../etcd/hazards.ts'
import { readFileSync, statSync } from 'node:fs'
import { ROTATE_WEAK_CA, weakCas } from '../pki/strength.ts'
import { settingFaults } from '../etcd/settings.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type ExtraCheck, type Parsed, loadCluster, readClusterFile } from '../spec/parse.ts'
import type { Report } from '../spec/report.ts'
import { formatProblem } from '../spec/problem.ts'

export const EXTRA_CHECKS: readonly ExtraCheck[] = [
  checkFlannelForFile,
  checkSettingsForFile,
  checkSharedPort,
]

/** The same checks, but without the one that makes settings an error. */
const TOLERANT_CHECKS: readonly ExtraCheck[] = [checkFlannelForFile, warnOfSettings, checkSharedPort]

/** The end of such a warning. */
const TOLERATED = 'commands that write settings refuse to run until it is fixed'

/** Only `validate` reports these. The other commands inspect what members trust, and warn or refuse. */
const NAMED_FILES: readonly ExtraCheck[] = [checkNamedCa]

/** A larger file is not a certificate, in bytes. */
const LARGEST_CERTIFICATE = 1024 ** 2

export interface LoadedCluster {
  readonly cluster: Cluster
  /** What is allowed but not recommended: each as `file:line:column: what`. */
  readonly warnings: readonly {
    readonly text: string
    /** It prevents other work. */
    readonly urgent?: boolean | undefined
  }[]
}

export interface LoadOptions {
  /**
   * For settings with which this version of etcd does not start, or which it ignores. `refuse` (the default) throws.
   * `warn` is for commands that write no settings, so that they can still inspect and repair a running cluster.
   */
  readonly faultySettings?: 'refuse' | 'warn' | undefined
}

/** @throws QuorateError `cluster-file` with all problems at once, each with its position. */
export async function loadClusterFile(
  path: string,
  { faultySettings = 'refuse' }: LoadOptions = {},
): Promise<LoadedCluster> {
  const checks = faultySettings === 'refuse' ? EXTRA_CHECKS : TOLERANT_CHECKS
  const { cluster, warnings } = await loadCluster(path, { extraChecks: checks })
  return {
    cluster,
    warnings: warnings.map((warning) => ({
      text: formatProblem(warning),
      urgent: warning.message.endsWith(TOLERATED),
    })),
  }
}

/** All errors and warnings of a file. @throws QuorateError `cluster-file` if it can't be read. */
export async function inspectClusterFile(path: string): Promise<Parsed> {
  return await readClusterFile(path, { extraChecks: [...EXTRA_CHECKS, ...NAMED_FILES] })
}

/**
 * A weak CA gets only a warning: a cluster that already trusts it keeps running, and `apply` accepts no other weak CA.
 */
function checkNamedCa({ pki: { authority } }: Cluster): readonly Report[] {
  if (authority.home === 'host' || authority.certificate === undefined) return []
  return weakCas(readCertificate(authority.certificate)).map(({ message }) => ({
    severity: 'warning',
    path: ['pki', 'authority', authority.home, 'certificate'],
    message: `${message}; quorate refuses it for a cluster that doesn't trust it yet`,
    hint: `use a stronger CA; if the cluster already trusts this one: ${ROTATE_WEAK_CA}`,
  }))
}

/** Empty if the file can't be read, or is too large: the error follows when a certificate is issued from it. */
function readCertificate(file: string): string {
  try {
    const found = statSync(file)
    return found.isFile() && found.size <= LARGEST_CERTIFICATE ? readFileSync(file, 'utf8') : ''
  } catch {
    return ''
  }
}

function checkSharedPort({ etcd }: Cluster): readonly Report[] {
  const first = etcd.plaintextClients ? sharesPortFrom(etcd.version) : undefined
  if (first === undefined) return []
  const message = `etcd.plaintextClients: etcd ${etcd.version} can't be relied on to serve http and https on one port, so it serves clients only over http`
  const hint = `etcd ${first} and newer serve both: upgrade etcd, then move clients to https`
  return [{ severity: 'warning', path: ['etcd', 'plaintextClients'], part: 'key', message, hint }]
}

/** Finds settings that prevent a start before a member is down. etcd itself only warns of unknown names. */
function checkSettingsForFile({ etcd }: Cluster): readonly Report[] {
  return settingFaults(etcd.version, etcd.settings).map(({ name, kind, message, hint }) => ({
    severity: 'error',
    path: ['etcd', 'settings', name],
    part: kind === 'unknown' ? 'key' : 'value',
    message: kind === 'unknown' ? message : `etcd.settings.${name}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  }))
}

function warnOfSettings(cluster: Cluster): readonly Report[] {
  return checkSettingsForFile(cluster).map((report) => ({
    ...report,
    severity: 'warning',
    message: `${report.message}; ${TOLERATED}`,
  }))
}
