/** Writes the section `kubernetes` of a cluster file for `quorate init`. */
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import { RECOMMENDED_KUBERNETES } from './kubernetes-versions.ts'
import type { ClusterFile } from './schema.ts'
import { type Setting, oneLine, quoted, section } from './yaml-lines.ts'

export function kubernetesLines({ kubernetes: set, network }: ClusterFile): string[] {
  const { imageRepository, serviceNetwork, dnsDomain, flannel, pki } = KUBERNETES_DEFAULTS
  const settings: readonly Omit<Setting, 'value'>[] = [
    { key: 'version', standard: quoted(RECOMMENDED_KUBERNETES), why: 'exact, in quotes' },
    {
      key: 'source',
      standard: 'release',
      why: 'or modules (built on this workstation); source.folder: a directory or bundle',
    },
    {
      key: 'containerd',
      standard: '{ source: distribution }',
      why: 'or release: containerd, runc, CNI plugins',
    },
    { key: 'imageRepository', standard: imageRepository, why: 'where nodes find the images' },
    {
      key: 'podNetwork',
      standard: network?.Network ?? '10.5.0.0/16',
      why: "flannel's: network.Network",
    },
    {
      key: 'serviceNetwork',
      standard: serviceNetwork,
      why: 'must overlap no network that nodes reach; fixed once it exists',
    },
    { key: 'dnsDomain', standard: dnsDomain, why: 'of the names of Services' },
    {
      key: 'apiServer',
      standard: '{ arguments: { audit-log-maxage: 30 } }',
      why: 'arguments of kube-apiserver',
    },
    {
      key: 'controllerManager',
      standard: '{ arguments: { terminated-pod-gc-threshold: 1000 } }',
      why: 'of kube-controller-manager',
    },
    { key: 'scheduler', standard: '{ arguments: { v: 2 } }', why: 'of kube-scheduler' },
    {
      key: 'kubelet',
      standard: '{ configuration: { maxPods: 110 } }',
      why: 'fields of KubeletConfiguration',
    },
    {
      key: 'kubeProxy',
      standard: '{ configuration: { mode: nftables } }',
      why: 'of KubeProxyConfiguration',
    },
    { key: 'flannel', standard: flannel, why: 'or service (systemd), none' },
    { key: 'nodeLabels', standard: '{ worker: { disk: ssd } }', why: 'by node, group, role, or all' },
    { key: 'taints', standard: '{ master: [] }', why: 'this lets pods run on control-plane nodes' },
    { key: 'pki', standard: oneLine(pki), why: 'home: the key of its CA is not on control-plane nodes' },
  ]
  const read = (key: string): unknown => (set as Record<string, unknown> | undefined)?.[key]
  return [
    '# Kubernetes. It needs two nodes with the role master (control-plane nodes), a worker, and the name of the load balancer.',
    ...section(
      'kubernetes',
      settings.map((setting) => ({ ...setting, value: read(setting.key) })),
    ),
  ]
}
