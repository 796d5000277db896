/** Faults of a node's certificate that require a new one. Pure: the time is a parameter. */
import { FORESEEN, type LeafState, withoutData } from '../host/leaves.ts'
import { renewWithinDays } from '../pki/age.ts'
import { type ReissueCode, checkCertificate } from '../pki/check-certificate.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type Leaf, keyFile } from './certificates.ts'
import { leafTemplate } from './leaf-template.ts'

export interface LeafFault {
  /**
   * - `missing`: the certificate or its key does not exist, or can't be read.
   * - `exposed`: users other than root could read or replace its key.
   * - `mode`: wrong owner or mode.
   * - `kubeconfig`: its kubeconfig names another server, user or CA.
   */
  readonly code: ReissueCode | 'missing' | 'exposed' | 'mode' | 'kubeconfig'
  /** Completes 'because it …'. */
  readonly message: string
}

export interface LeafJudge {
  readonly cluster: Cluster
  /**
   * The CAs that clients of its CA trust (PEM): the first one must have signed it. undefined: the CA doesn't exist yet.
   */
  readonly ca: string | undefined
  /** Kubernetes' CA (PEM), as in kubeconfigs. */
  readonly serverCa: string | undefined
  readonly now: Date
}

/** Empty: it can stay. */
export function leafFaults(leaf: Leaf, state: LeafState | undefined, judge: LeafJudge): readonly LeafFault[] {
  const { cluster, ca, now } = judge
  const { certificate, key, files = {} } = state ?? {}
  if (certificate === undefined || key === undefined) return [{ code: 'missing', message: 'is missing' }]
  // Predicted by a plan: assumed to be as requested.
  if (certificate === FORESEEN) return []
  if (ca === undefined) return [{ code: 'issuer', message: 'was not issued by a CA of this cluster' }]
  return [
    ...checkCertificate({
      pem: certificate,
      allowed: leaf.names,
      profile: leaf.profile,
      caPem: ca,
      now,
      commonName: leaf.commonName,
      organizations: leaf.organizations,
      keySpki: key,
      // The kubelet chooses the type of its own keys.
      algorithm: leaf.rotates ? undefined : cluster.pki.algorithm,
      renewWithinDays: isOutOfReach(cluster, leaf) ? 0 : renewWithinDays(lifetime(cluster, leaf)),
      entering: true,
    }),
    ...fileFaults(leaf, files),
    ...kubeconfigFaults(leaf, state?.kubeconfig, judge.serverCa),
  ]
}

/** Validity of a new certificate for this leaf, in days. */
export function lifetime({ pki, kubernetes }: Cluster, { authority }: Leaf): number {
  return authority === 'etcd' ? pki.days : (kubernetes?.pki.days ?? pki.days)
}

/** A certificate from an offline CA would block everything else, so `certs renew` decides when it is due, not apply. */
function isOutOfReach({ pki }: Cluster, { authority }: Leaf): boolean {
  return authority === 'etcd' && pki.authority.home === 'offline'
}

/** Faults that make the key itself unusable, or leave its state unknown. */
const KEY_FAULTS: ReadonlySet<LeafFault['code']> = new Set([
  'missing',
  'unreadable',
  'exposed',
  'issuer',
  'key',
  'algorithm',
  'weak',
])

/**
 * The file with a key that can stay; undefined: a new key is created. With an unchanged key, a reader that opens both
 * files in the middle of a replacement still gets a matching pair.
 */
export function keptKey(leaf: Leaf, faults: readonly LeafFault[]): string | undefined {
  return faults.some(({ code }) => KEY_FAULTS.has(code)) ? undefined : keyFile(leaf)
}

function fileFaults(leaf: Leaf, files: LeafState['files']): readonly LeafFault[] {
  return wantedFiles(leaf).flatMap(({ path, mode, secret }): LeafFault[] => {
    const file = files[path]
    // A missing kubeconfig is reported as another fault.
    if (file === undefined) return []
    if (!file.plain) return [{ code: 'exposed', message: `has ${path}, which is not a regular file` }]
    const said = `${path} with mode ${file.mode} of the user ${file.owner} and the group ${file.group}`
    const open = secret && (file.owner !== 'root' || !/^[0-7]?[0-7]00$/.test(file.mode))
    if (open) return [{ code: 'exposed', message: `has its key in ${said}` }]
    if (file.owner === 'root' && file.group === 'root' && file.mode === mode) return []
    return [{ code: 'mode', message: `has ${said}` }]
  })
}

function wantedFiles({ place, kubeconfig }: Leaf) {
  const own =
    place.form === 'pair'
      ? [
          { path: place.certificate, mode: '644', secret: false },
          { path: place.key, mode: '600', secret: true },
        ]
      : [{ path: place.path, mode: '600', secret: true }]
  const beside = kubeconfig === undefined || place.form === 'kubeconfig' ? [] : [kubeconfig.path]
  return [...own, ...beside.map((path) => ({ path, mode: '600', secret: false }))]
}

function kubeconfigFaults(
  leaf: Leaf,
  present: string | undefined,
  serverCa: string | undefined,
): readonly LeafFault[] {
  if (leaf.kubeconfig === undefined || serverCa === undefined) return []
  if (present === undefined) return [{ code: 'kubeconfig', message: 'has no kubeconfig' }]
  if (present === withoutData(leafTemplate(leaf, serverCa))) return []
  const { path, server } = leaf.kubeconfig
  const line = `    server: ${server}`
  const what = present.split('\n').includes(line) ? 'differs from what it should be' : 'names another server'
  return [{ code: 'kubeconfig', message: `has a kubeconfig ${path} that ${what}` }]
}
