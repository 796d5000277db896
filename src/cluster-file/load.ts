/** Reads a cluster file with every check there is. */
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

/** The same, but that no setting is an error. */
const TOLERANT_CHECKS: readonly ExtraCheck[] = [checkFlannelForFile, warnOfSettings, checkSharedPort]

/** Ends such a warning. */
const TOLERATED = 'commands that write settings refuse to run until it is fixed'

/** Said by `validate` alone: the other verbs look at what members trust, and warn or refuse. */
const NAMED_FILES: readonly ExtraCheck[] = [checkNamedCa]

/** A certificate larger than this, in bytes, is none. */
const LARGEST_CERTIFICATE = 1024 ** 2

export interface LoadedCluster {
  readonly cluster: Cluster
  /** What is unwise but allowed: each as `file:line:column: what`. */
  readonly warnings: readonly {
    readonly text: string
    /** It keeps other work from being done. */
    readonly urgent?: boolean | undefined
  }[]
}

export interface LoadOptions {
  /**
   * Of settings with which this version of etcd does not start, or that it ignores: `refuse` (unless given) throws; `warn`
   * is for what writes no settings, as looking does: what runs is not kept from being looked at, and helped.
   */
  readonly faultySettings?: 'refuse' | 'warn' | undefined
}

/** @throws QuorateError `cluster-file` with all problems at once, each with its place. */
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

/** Everything that is to be said about a file, wrong or not. @throws QuorateError `cluster-file` if it can't be read. */
export async function inspectClusterFile(path: string): Promise<Parsed> {
  return await readClusterFile(path, { extraChecks: [...EXTRA_CHECKS, ...NAMED_FILES] })
}

/** A CA that is too weak. Only a warning: a cluster that trusts it already runs on, and `apply` lets no other have it. */
function checkNamedCa({ pki: { authority } }: Cluster): readonly Report[] {
  if (authority.home === 'host' || authority.certificate === undefined) return []
  return weakCas(readCertificate(authority.certificate)).map(({ message }) => ({
    severity: 'warning',
    path: ['pki', 'authority', authority.home, 'certificate'],
    message: `${message}; quorate refuses it for a cluster that doesn't trust it yet`,
    hint: `use a stronger CA; if the cluster already trusts this one: ${ROTATE_WEAK_CA}`,
  }))
}

/** Empty for what can't be read, or is no file of that size: issuing from it says why. */
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

/** What keeps a member from starting is found here, not when one is down; and etcd only warns of names it does not know. */
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
