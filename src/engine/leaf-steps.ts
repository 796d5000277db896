/**
 * Steps for certificates and secrets of a tier. A key is made on its machine and never travels; what the authority signed, and
 * secrets that all masters share, are supplied when the wave is equipped: no step carries them.
 */
import type { LeafFile, LeafPlace, LeafState, SecretState } from '../host/leaves.ts'
import type { Look, Operation } from '../host/operations.ts'
import type { Content } from '../host/parcel.ts'
import type { ServicesState } from '../host/services.ts'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import type { StepKind } from './step-registry.ts'
import type { HostStepCommon } from './step.ts'

interface Common extends HostStepCommon {
  /** The tier. */
  readonly tier: string
  /** A cluster's ability to serve does not depend on it. */
  readonly danger: 'none'
}

/** A private key, and the request for its certificate. */
export interface LeafKeyStep extends Common {
  readonly kind: 'leaf-key'
  /** The leaf's ID. */
  readonly leaf: string
  /** The openssl.cnf that the request is made from. */
  readonly configuration: string
  readonly algorithm: KeyAlgorithm
  /** Path of the file with the present key, which is fit and stays; undefined: a new one is made. */
  readonly keep: string | undefined
}

/** Signs the waiting request, and puts key, certificate and kubeconfig in force. Contents: `pem`, and `template` if it has a kubeconfig. */
export interface LeafCertificateStep extends Common {
  readonly kind: 'leaf-certificate'
  readonly leaf: string
  readonly place: LeafPlace
  /** Path of a kubeconfig that names the files of `place`; one that carries them is `place` itself. */
  readonly kubeconfig: string | undefined
}

/** A file whose content this computer supplies, as `content`. Owner and group are root. */
export interface SecretFileStep extends Common {
  readonly kind: 'secret-file'
  readonly path: string
  /** Which secret, in the tier's words. */
  readonly secret: string
  /** As `stat` says it, e.g. `600`. */
  readonly mode: string
}

export type LeafStep = LeafKeyStep | LeafCertificateStep | SecretFileStep

/** What a step needs from this computer, by name. */
export type Contents = Readonly<Record<string, Content>>

/** What is known of a kind of them. */
export interface LeafKind<S extends LeafStep> extends StepKind<S> {
  /** What the machine is like afterwards. */
  predict(services: ServicesState, step: S): ServicesState
  /** As the agent's operations. */
  operations(step: S, contents: Contents): readonly Operation[]
  /** What it really does to a machine of the simulation, cut into the pieces between which a tool can die. */
  simulate(machine: { services: ServicesState }, step: S): readonly (() => void)[]
}

/** Stands, in a world that is only foreseen, for what can't be known before it is made. */
export const FORESEEN = '(known after it is made)'

const PRIVATE: LeafFile = { owner: 'root', group: 'root', mode: '600', plain: true }
const PUBLIC: LeafFile = { ...PRIVATE, mode: '644' }

export const LEAVES: {
  readonly [K in LeafStep['kind']]: LeafKind<Extract<LeafStep, { readonly kind: K }>>
} = {
  'leaf-key': {
    action: 'made',
    distinguishes: ({ leaf }) => [leaf],
    predict: (services, { leaf, configuration }) =>
      withLeaf(services, leaf, { request: { csr: FORESEEN, configuration } }),
    operations: ({ leaf, configuration, algorithm, keep }) => [
      ['leaf_key', { name: leaf, configuration: { text: configuration }, algorithm, keep }],
    ],
    simulate: (machine, step) => [
      () => (machine.services = withLeaf(machine.services, step.leaf, { request: undefined })),
      () => (machine.services = LEAVES['leaf-key'].predict(machine.services, step)),
    ],
  },

  'leaf-certificate': {
    action: 'made',
    distinguishes: ({ leaf }) => [leaf],
    predict: (services, { leaf, place, kubeconfig }) =>
      withLeaf(services, leaf, {
        certificate: FORESEEN,
        key: FORESEEN,
        kubeconfig: kubeconfig !== undefined || place.form === 'kubeconfig' ? FORESEEN : undefined,
        files: filesOf(place, kubeconfig),
        request: undefined,
      }),
    operations: (step, contents) => {
      const { leaf: name, place, kubeconfig } = step
      const pem = supplied(contents, 'pem', step)
      const template =
        place.form === 'kubeconfig' || kubeconfig !== undefined
          ? supplied(contents, 'template', step)
          : undefined
      return [['leaf_certificate', { name, pem, ...pathsOf(place), template, kubeconfig }]]
    },
    simulate: (machine, step) => [
      () => (machine.services = LEAVES['leaf-certificate'].predict(machine.services, step)),
    ],
  },

  'secret-file': {
    action: 'made',
    distinguishes: ({ path }) => [path],
    predict: (services, { path, mode }) => {
      const file: SecretState = { ...PRIVATE, mode, sha256: FORESEEN }
      return { ...services, secrets: { ...services.secrets, [path]: file } }
    },
    operations: (step, contents) => [
      ['secret_file', { content: supplied(contents, 'content', step), path: step.path, mode: step.mode }],
    ],
    simulate: (machine, step) => [
      () => (machine.services = LEAVES['secret-file'].predict(machine.services, step)),
    ],
  },
}

/** What the agent is asked about a leaf. */
export function leafLook(leaf: string, place: LeafPlace, kubeconfig: string | undefined): Look {
  return ['leaf', { name: leaf, ...pathsOf(place), kubeconfig }]
}

function pathsOf(place: LeafPlace) {
  if (place.form === 'pair') return place
  return { form: place.form, certificate: place.path }
}

function filesOf(place: LeafPlace, kubeconfig: string | undefined): LeafState['files'] {
  const own =
    place.form === 'pair'
      ? { [place.certificate]: PUBLIC, [place.key]: PRIVATE }
      : { [place.path]: PRIVATE }
  return kubeconfig === undefined ? own : { ...own, [kubeconfig]: PRIVATE }
}

/** @throws TypeError if it is missing: the tier equipped the wave for other steps */
function supplied(contents: Contents, name: string, { what, host }: HostStepCommon): Content {
  const content = contents[name]
  if (content === undefined) throw new TypeError(`no ${name} was supplied for '${what}' on ${host}`)
  return content
}

const NONE: LeafState = {
  certificate: undefined,
  key: undefined,
  kubeconfig: undefined,
  files: {},
  request: undefined,
}

function withLeaf(services: ServicesState, leaf: string, changes: Partial<LeafState>): ServicesState {
  const state = { ...(services.leaves?.[leaf] ?? NONE), ...changes }
  return { ...services, leaves: { ...services.leaves, [leaf]: state } }
}
