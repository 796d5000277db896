/**
 * Files that a control plane reads only when it starts, so that it must restart when they change: the CAs and the
 * public key of service accounts. kubeadm's configuration has a placeholder for the checksum of these files, which the
 * node fills in before kubeadm generates the manifests. With another checksum in its environment a static pod has
 * changed, so the kubelet restarts it. Pure.
 */
import { createHash } from 'node:crypto'
import { PLACES } from './places.ts'
import type { SecretId } from './secret-files.ts'

/** In the order in which the checksum covers them. */
const READ_AT_START = [
  ['ca', PLACES.ca],
  ['etcd-ca', PLACES.etcd.ca],
  ['service-account-public-key', PLACES.serviceAccount.publicKey],
] as const satisfies readonly (readonly [SecretId, string])[]

/** Their paths. */
export const READ_AT_START_FILES: readonly string[] = READ_AT_START.map(([, path]) => path)

const VARIABLE = 'QUORATE_READ_AT_START'

/** For kubeadm's configuration. `kubeadm_manifests` knows the placeholder as well. */
export const READ_AT_START_ENVIRONMENT = { name: VARIABLE, value: '@read-at-start@' } as const

/**
 * What the node puts in place of the placeholder. @param sums of the files' contents, as `KubernetesAuthorities.sums`
 * returns them
 */
export function readAtStart(sums: Readonly<Record<SecretId, string>>): string {
  return sumOfSums(READ_AT_START.map(([secret]) => sums[secret]))
}

/** As the node computes it. @param sums of `READ_AT_START_FILES` */
export function sumOfSums(sums: readonly string[]): string {
  return createHash('sha256')
    .update(sums.map((sum) => `${sum} `).join(''))
    .digest('hex')
}

const VALUE = new RegExp(String.raw`^ *- name: ${VARIABLE}\n *value: "?([0-9a-f]{64})"?$`, 'm')

/** The checksum that a manifest was generated with; undefined: none. */
export function readAtStartOf(manifest: string): string | undefined {
  return VALUE.exec(manifest)?.[1]
}

/** The lines of a manifest that contain it. */
export function readAtStartLines(sum: string): string {
  return `    - name: ${VARIABLE}\n      value: ${sum}\n`
}
