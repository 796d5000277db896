/** docs/concepts/security-model.md against the CIS benchmark, item by item, without further claims. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { memberEnvironment } from '../src/etcd/configuration.ts'
import { sampleCluster } from '../src/etcd/sample.ts'
import { auditPolicy } from '../src/kubernetes/audit-policy.ts'
import { clusterConfiguration } from '../src/kubernetes/kubeadm-config.ts'
import { encryptionConfig } from '../src/kubernetes/encryption-config.ts'
import { kubeletConfiguration } from '../src/kubernetes/kubelet-config.ts'
import { PLACES } from '../src/kubernetes/places.ts'
import { secretFilesOf } from '../src/kubernetes/secret-files.ts'
import { reservedArgument } from '../src/spec/kubernetes-reserved.ts'
import { nine } from '../src/spec/sample.ts'
import { reservedBecause } from '../src/spec/reserved-settings.ts'
import { sampleKubernetes, sampleKubernetesCluster } from '../src/spec/sample-kubernetes.ts'

const etcd = sampleCluster()
const [member] = etcd.nodes
if (member === undefined) throw new TypeError('the sample has nodes')
const variables = memberEnvironment({
  cluster: etcd,
  node: member,
  members: etcd.nodes,
  token: 'x',
  state: 'new',
})

const cluster = { ...sampleKubernetesCluster(), kubernetes: sampleKubernetes() }
const master = cluster.nodes.find(({ name }) => name === 'master01')
if (master === undefined) throw new TypeError('the sample has a master')
const configuration = clusterConfiguration(cluster) as unknown as Record<
  'apiServer' | 'controllerManager' | 'scheduler',
  { readonly extraArgs: readonly { readonly name: string; readonly value: string }[] }
> & { readonly etcd: { readonly external: unknown } }
const argumentsOf = (component: 'apiServer' | 'controllerManager' | 'scheduler') =>
  Object.fromEntries(configuration[component].extraArgs.map(({ name, value }) => [name, value]))
const api = argumentsOf('apiServer')
const files = secretFilesOf(cluster, master)
const modes = (secrets: readonly string[]) =>
  new Set(files.filter(({ secret }) => secrets.includes(secret)).map(({ mode }) => mode))
const kubelet = kubeletConfiguration(cluster.kubernetes)

/** By item: the actual value, and the required one. */
const ITEMS: Readonly<Record<string, readonly [is: unknown, wanted: unknown]>> = {
  '2.1': [
    [variables['ETCD_CERT_FILE'], variables['ETCD_KEY_FILE']],
    ['/etc/ssl/etcd/etcd.crt', '/etc/ssl/etcd/etcd.key'],
  ],
  '2.2': [variables['ETCD_CLIENT_CERT_AUTH'], 'true'],
  '2.3': [
    [variables['ETCD_AUTO_TLS'], typeof reservedBecause('auto-tls')],
    [undefined, 'string'],
  ],
  '2.4': [
    [variables['ETCD_PEER_CERT_FILE'], variables['ETCD_PEER_KEY_FILE']],
    ['/etc/ssl/etcd/etcd.crt', '/etc/ssl/etcd/etcd.key'],
  ],
  '2.5': [variables['ETCD_PEER_CLIENT_CERT_AUTH'], 'true'],
  '2.6': [
    [variables['ETCD_PEER_AUTO_TLS'], typeof reservedBecause('peer-auto-tls')],
    [undefined, 'string'],
  ],
  '2.7': [
    [variables['ETCD_TRUSTED_CA_FILE'], new Set([PLACES.ca, PLACES.frontProxyCa, PLACES.etcd.ca]).size],
    ['/etc/ssl/etcd/ca.crt', 3],
  ],
  '1.1.20': [modes(['ca', 'front-proxy-ca', 'etcd-ca']), new Set(['644'])],
  '1.1.21': [modes(['ca-key', 'service-account-key', 'encryption']), new Set(['600'])],
  '1.2.1': [
    [api['anonymous-auth'], typeof reservedArgument('apiServer', 'anonymous-auth')?.why],
    [undefined, 'string'],
  ],
  '1.2.2': [
    [api['token-auth-file'], typeof reservedArgument('apiServer', 'token-auth-file')?.why],
    [undefined, 'string'],
  ],
  '1.2.5': [api['kubelet-certificate-authority'], PLACES.ca],
  '1.2.6 to 1.2.8': [typeof reservedArgument('apiServer', 'authorization-mode')?.why, 'string'],
  '1.2.14': [
    nine('apiServer: { arguments: { enable-admission-plugins: AlwaysPullImages } }').some((text) =>
      text.includes('NodeRestriction'),
    ),
    true,
  ],
  '1.2.15': [api['profiling'], 'false'],
  '1.2.16 to 1.2.19': [
    ['audit-log-path', 'audit-log-maxage', 'audit-log-maxbackup', 'audit-log-maxsize'].map(
      (name) => api[name],
    ),
    ['/var/log/kubernetes/audit/audit.log', '30', '10', '100'],
  ],
  '1.2.23, 1.2.26': [
    configuration.etcd.external,
    expect.objectContaining({
      caFile: '/etc/ssl/kubernetes-etcd/ca.crt',
      certFile: '/etc/ssl/kubernetes-etcd/client.crt',
      keyFile: '/etc/ssl/kubernetes-etcd/client.key',
    }),
  ],
  '1.2.27, 1.2.28': [
    [api['encryption-provider-config'], encryptionConfig([{ name: 'key1', secret: new Uint8Array(32) }])],
    ['/etc/kubernetes/quorate/encryption.yaml', expect.stringContaining('secretbox')],
  ],
  '1.3.2': [argumentsOf('controllerManager')['profiling'], 'false'],
  '1.3.3 to 1.3.5': [
    ['use-service-account-credentials', 'service-account-private-key-file', 'root-ca-file'].map(
      (name) => typeof reservedArgument('controllerManager', name)?.why,
    ),
    ['string', 'string', 'string'],
  ],
  '1.4.1': [argumentsOf('scheduler')['profiling'], 'false'],
  '3.2.1, 3.2.2': [
    [api['audit-policy-file'], (parse(auditPolicy()) as { readonly rules: readonly unknown[] }).rules[0]],
    [PLACES.auditPolicy, expect.objectContaining({ level: 'Metadata' })],
  ],
  '4.2.1 to 4.2.4': [
    [kubelet['authentication'], kubelet['authorization'], kubelet['readOnlyPort']],
    [
      { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: PLACES.ca } },
      { mode: 'Webhook' },
      0,
    ],
  ],
  '4.2.9': [
    [kubelet['tlsCertFile'], kubelet['tlsPrivateKeyFile']],
    [PLACES.kubelet.serving.certificate, PLACES.kubelet.serving.key],
  ],
  '4.2.10': [kubelet['rotateCertificates'], true],
}

test.each(Object.entries(ITEMS))('CIS %s', (_item, [is, wanted]) => {
  expect(is).toEqual(wanted)
})

test('the page names this test for exactly these items, and another test or none for all others', async () => {
  const page = await readFile(path.resolve(import.meta.dirname, '../docs/concepts/security-model.md'), 'utf8')
  const tables = [...page.matchAll(/<!-- cis.*? -->\n([^]*?)<!-- \/cis/g)].map(([, table = '']) => table)
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(2))
  expect(rows.length).toBeGreaterThan(35)
  expect(rows.filter((row) => !/\.test\.ts`|not covered|the same/.test(row))).toEqual([])
  expect(rows.filter((row) => !/\| (?:✓|✗|default)/.test(row))).toEqual([])
  const here = rows.filter((row) => row.includes('test/cis.test.ts')).map((row) => row.split('|')[1]?.trim())
  expect(new Set(here)).toEqual(new Set(Object.keys(ITEMS)))
  expect(here).toHaveLength(Object.keys(ITEMS).length)
})
