/** Kubeconfigs: how a client finds the API server, whom it trusts there, and who it is. */
import { KUBECONFIG_SLOTS } from '../host/leaves.ts'

/** Whose credentials they are. `data`: within the file, base64; `file`: both in this file, by its path. */
export type Credentials =
  | { readonly data: { readonly certificate: string; readonly key: string } }
  | { readonly file: string }

export interface KubeconfigOptions {
  readonly server: string
  readonly user: string
  /** PEM: whom to trust. */
  readonly ca: string
  readonly credentials: Credentials
  /** What the cluster is called in it: `kubernetes` unless given, as kubeadm has it. */
  readonly cluster?: string | undefined
}

/** Credentials that the agent puts in on the node, where the key is. */
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
