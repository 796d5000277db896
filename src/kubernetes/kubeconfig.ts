/** Kubeconfigs: a client's API server, trusted CA and credentials. */
import { KUBECONFIG_SLOTS } from '../host/leaves.ts'

/** The client's credentials. `data`: within the kubeconfig, base64; `file`: both in this file, by its path. */
export type Credentials =
  | { readonly data: { readonly certificate: string; readonly key: string } }
  | { readonly file: string }

export interface KubeconfigOptions {
  readonly server: string
  readonly user: string
  /** PEM: the trusted CA. */
  readonly ca: string
  readonly credentials: Credentials
  /** The cluster's name in it; default: `kubernetes`, like kubeadm's. */
  readonly cluster?: string | undefined
}

/** Placeholders for credentials that the agent fills in on the node, where the key is. */
export const SLOTS: Credentials = { data: KUBECONFIG_SLOTS }

export function renderKubeconfig(options: KubeconfigOptions): string {
  const { server, user, ca, credentials, cluster = 'kubernetes' } = options
  const own =
    'data' in credentials
      ? [
          `    client-certificate-data: ${credentials.data.certificate}`,
          `    client-key-data: ${credentials.data.key}`,
        ]
      : [`    client-certificate: ${credentials.file}`, `    client-key: ${credentials.file}`]
  return `${[
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(ca)}`,
    `    server: ${server}`,
    `  name: ${cluster}`,
    'contexts:',
    '- context:',
    `    cluster: ${cluster}`,
    `    user: ${user}`,
    `  name: ${user}@${cluster}`,
    `current-context: ${user}@${cluster}`,
    'preferences: {}',
    'users:',
    `- name: ${user}`,
    '  user:',
    ...own,
  ].join('\n')}\n`
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
