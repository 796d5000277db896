/**
 * Steps for certificates and secrets of a tier. A key is made on its node and never leaves it. Signed certificates, and
 * secrets that all control-plane nodes share, are supplied when the stage is equipped: no step carries them.
 */
import { FORESEEN, type LeafFile, type LeafPlace, type LeafState, type SecretState } from '../host/leaves.ts'
import type { Look } from '../host/operations.ts'
import type { Content, Contents } from '../host/parcel.ts'
import type { ServicesState } from '../host/services.ts'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import type { ServiceKinds, TierStepCommon } from './service-kind.ts'

/** A private key, and the request for its certificate. */
export interface LeafKeyStep extends TierStepCommon {
  readonly kind: 'leaf-key'
  /** The leaf's ID. */
  readonly leaf: string
  /** The openssl.cnf that the request is made from. */
  readonly configuration: string
  readonly algorithm: KeyAlgorithm
  /** Path of the present key file, which is kept; undefined: a new key is made. */
  readonly keep: string | undefined
}

/** Signs the waiting request, and activates key, certificate and kubeconfig. Contents: `pem`, and `template` if it has a kubeconfig. */
export interface LeafCertificateStep extends TierStepCommon {
  readonly kind: 'leaf-certificate'
  readonly leaf: string
  readonly place: LeafPlace
  /** Path of a kubeconfig that names the files of `place`; one that carries them is `place` itself. */
  readonly kubeconfig: string | undefined
  /** A program in a static pod that reads the file only at its start: it is ended, and its kubelet starts it again. */
  readonly reader?: string | undefined
}

/** A file whose content the workstation supplies, as `content`. Owner and group are root. */
export interface SecretFileStep extends TierStepCommon {
  readonly kind: 'secret-file'
  readonly path: string
  /** Which secret, as the tier names it. */
  readonly secret: string
  /** As `stat` says it, e.g. `600`. */
  readonly mode: string
}

export type LeafStep = LeafKeyStep | LeafCertificateStep | SecretFileStep

const PRIVATE: LeafFile = { owner: 'root', group: 'root', mode: '600', plain: true }
const PUBLIC: LeafFile = { ...PRIVATE, mode: '644' }

export const LEAVES: ServiceKinds<LeafStep> = {
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
      const { leaf: name, place, kubeconfig, reader } = step
      const pem = supplied(contents, 'pem', step)
      const template =
        place.form === 'kubeconfig' || kubeconfig !== undefined
          ? supplied(contents, 'template', step)
          : undefined
      return [['leaf_certificate', { name, pem, ...pathsOf(place), template, kubeconfig, reader }]]
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
    place.form === 'pair' ? { [place.certificate]: PUBLIC, [place.key]: PRIVATE } : { [place.path]: PRIVATE }
  return kubeconfig === undefined ? own : { ...own, [kubeconfig]: PRIVATE }
}

/** @throws TypeError if the step's tier has not supplied it */
function supplied(contents: Contents, name: string, { what, host }: TierStepCommon): Content {
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
