/**
 * What of a control plane is read at its start only, so that it has to start again when that is another: the CAs and the public key
 * of service accounts. kubeadm's configuration has a word for the sum of these files; the machine puts the sum in its place, before
 * kubeadm makes the manifests. With another sum in its environment a static pod is another, and the kubelet starts it again. Pure.
 */
import { createHash } from 'node:crypto'
import { PLACES } from './places.ts'
import type { SecretId } from './secret-files.ts'

/** In the order in which they are summed up. */
const READ_AT_START = [
  ['ca', PLACES.ca],
  ['etcd-ca', PLACES.etcd.ca],
  ['service-account-public-key', PLACES.serviceAccount.publicKey],
] as const satisfies readonly (readonly [SecretId, string])[]

/** Their paths. */
export const READ_AT_START_FILES: readonly string[] = READ_AT_START.map(([, path]) => path)

const VARIABLE = 'QUORATE_READ_AT_START'

/** For kubeadm's configuration. The word is known to `kubeadm_manifests` as well. */
export const READ_AT_START_ENVIRONMENT = { name: VARIABLE, value: '@read-at-start@' } as const

/** What the machine puts in place of the word. @param sums of the files' contents, as `KubernetesAuthorities.sums` gives them */
export function readAtStart(sums: Readonly<Record<SecretId, string>>): string {
  return sumOfSums(READ_AT_START.map(([secret]) => sums[secret]))
}

/** As the machine makes it. @param sums of `READ_AT_START_FILES` */
export function sumOfSums(sums: readonly string[]): string {
  return createHash('sha256')
    .update(sums.map((sum) => `${sum} `).join(''))
    .digest('hex')
}

const VALUE = new RegExp(String.raw`^ *- name: ${VARIABLE}\n *value: "?([0-9a-f]{64})"?$`, 'm')

/** The sum that a manifest was made with; undefined: none. */
export function readAtStartOf(manifest: string): string | undefined {
  return VALUE.exec(manifest)?.[1]
}

/** The lines of a manifest that say so. */
export function readAtStartLines(sum: string): string {
  return `    - name: ${VARIABLE}\n      value: ${sum}\n`
}
