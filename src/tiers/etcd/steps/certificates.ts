/** The CA, and a member's keys and certificates. A key is created where it is used, and never leaves that node. */
import { headStart } from '../../../engine/head-start.ts'
import type { HostStepCommon, StepCommon } from '../../../engine/step.ts'
import type { Content } from '../../../host/parcel.ts'
import { type Ownership, PATHS, type PathState } from '../../../host/state.ts'
import { trustMarkFile } from '../../../pki/trust-mark.ts'
import type { KeyAlgorithm } from '../../../spec/cluster.ts'
import type { CertificateName } from '../certificate-name.ts'
import type { CertificateFault, Observed } from '../facts/observed.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'
import { faultsOnceAsked, faultsOnceIssued } from '../plan/peer-identity.ts'
import { type ClusterKinds, type HostKinds, type Predict, type Supplies, needed, ofMember } from './kind.ts'

/** Creates the CA, if it is quorate's own. */
export interface AuthorityStep extends StepCommon {
  readonly kind: 'authority'
}

/** A request for a certificate, and its key. */
export interface KeyStep extends HostStepCommon {
  readonly kind: 'key'
  readonly name: CertificateName
  /** The openssl.cnf that the request is made from. */
  readonly configuration: string
  readonly algorithm: KeyAlgorithm
  /** The request is for the active key, because that key is fine. */
  readonly keep: boolean
}

/** Signs the waiting requests, and activates key and certificate together. */
export interface CertificatesStep extends HostStepCommon {
  readonly kind: 'certificates'
  readonly names: readonly CertificateName[]
}

/** The trust bundle and its mark. Running members read them at their next start. */
export interface CaStep extends HostStepCommon {
  readonly kind: 'ca'
}

/** Owners and modes of existing files. */
export interface TlsModesStep extends HostStepCommon {
  readonly kind: 'tls-modes'
}

export const AUTHORITY: ClusterKinds<AuthorityStep> = {
  authority: {
    action: 'create',
    beside: true,
    predict: (_cluster, before) => ({ ...before, authority: { bundle: UNKNOWN_YET } }),
    perform: async (session) => {
      await (await session.authority()).chain(session.signal)
      await headStart(async () => await session.prepareOperator())
    },
    simulate: (cluster) => cluster.makeAuthority(),
  },
}

export const CERTIFICATES: HostKinds<KeyStep | CertificatesStep | CaStep | TlsModesStep> = {
  key: {
    action: 'made',
    distinguishes: ({ name }) => [name],
    predict: (cluster, before, step) => {
      const { host, name, configuration } = step
      const asking = ofMember<KeyStep>(({ tls }) => ({
        tls: { ...tls, pending: { ...tls.pending, [name]: { csr: UNKNOWN_YET, configuration } } },
      }))
      const faults = { ...before.certificates[host], [name]: faultsOnceAsked(before, host, name) }
      const after = asking(cluster, before, step)
      return { ...after, certificates: { ...after.certificates, [host]: faults } }
    },
    operations: ({ name, configuration, algorithm, keep }) => {
      const origin = keep ? 'keep' : 'new'
      return [['key', { name, configuration: { text: configuration }, algorithm, origin }]]
    },
    simulate: (machine, { name, configuration }) => [
      () => machine.dropRequest(name),
      () => machine.makeKey(name, configuration),
    ],
  },

  certificates: {
    action: 'made',
    distinguishes: ({ names }) => names,
    predict: (cluster, before, step) => {
      const { host, names } = step
      const left = names.map((name) => [name, faultsOnceIssued(cluster, before, host, name)])
      const after = inForce(cluster, before, step)
      return { ...after, certificates: { ...after.certificates, [host]: Object.fromEntries(left) } }
    },
    operations: (step, supplies) => {
      const pem = step.names.map((name) => [name, { text: needed(supplies.certificates[name], step) }])
      return [['certificates', { ...trusted(supplies, step), group: 'etcd', ...Object.fromEntries(pem) }]]
    },
    simulate: (machine, { names }) => [() => machine.issue(names), () => machine.dropRequests()],
  },

  ca: {
    action: 'made',
    predict: ofMember(({ tls }, _step, before) => ({
      tls: { ...tls, ca: before.authority.bundle, mark: markOf(before) },
    })),
    operations: (step, supplies) => [['ca', { ...trusted(supplies, step), group: 'etcd' }]],
    simulate: (machine) => [() => machine.trustCa()],
  },

  'tls-modes': {
    action: 'change',
    predict: ofMember(({ paths }) => {
      const after = Object.entries(paths).map(([path, now]) => {
        if (!path.startsWith(`${PATHS.tls}/`)) return [path, now] as const
        return [path, { ...now, ...tlsOwner(path) }] as const
      })
      return { paths: Object.fromEntries(after) }
    }),
    operations: () => [['tls_modes', { group: 'etcd' }]],
    simulate: (machine) => [() => machine.setTlsModes()],
  },
}

/** `faults`: what is wrong with the current ones. */
export function issueStep(
  host: string,
  names: readonly CertificateName[],
  faults: readonly CertificateFault[],
): CertificatesStep {
  const missing = faults.some(({ code }) => code === 'missing')
  const said = [...new Set(faults.map(({ message }) => message))].join('; ')
  return {
    kind: 'certificates',
    host,
    names,
    what: `issue and activate ${names.map((name) => `${name}.crt`).join(' and ')} with its key`,
    why: missing ? 'it does not exist yet' : `the present one ${said}`,
    danger: 'none',
    creates: missing,
  }
}

/** For the directory (with a slash at the end) and the files in it: root owns everything, and etcd can read its keys. */
export function tlsOwner(path: string): Ownership {
  if (path.endsWith('.key')) return { owner: 'root', group: 'etcd', mode: '640' }
  return { owner: 'root', group: 'root', mode: path.endsWith('/') ? '755' : '644' }
}

const inForce: Predict<CertificatesStep> = ofMember(({ paths }, { names }, before) => {
  const files = ['', 'ca.crt', ...names.flatMap((name) => [`${name}.crt`, `${name}.key`])]
  return {
    paths: { ...paths, ...Object.fromEntries(files.map(tlsFile)) },
    tls: {
      ca: before.authority.bundle,
      mark: markOf(before),
      pending: {},
      certificates: Object.fromEntries(names.map((name) => [name, { pem: UNKNOWN_YET }])),
      keys: Object.fromEntries(names.map((name) => [name, UNKNOWN_YET])),
    },
  }
})

/** `name`: of a file in the TLS directory; empty: the directory itself. */
function tlsFile(name: string): readonly [string, PathState] {
  const path = `${PATHS.tls}/${name}`
  return [path, { type: name === '' ? 'directory' : 'file', ...tlsOwner(path) }]
}

function markOf({ authority }: Observed): string | undefined {
  return authority.bundle === undefined ? undefined : trustMarkFile(authority.bundle)
}

/** The bundle and its mark. */
function trusted(
  { bundle }: Supplies,
  step: HostStepCommon,
): { readonly ca: Content; readonly mark: Content } {
  const text = needed(bundle, step)
  return { ca: { text }, mark: { text: trustMarkFile(text) } }
}
