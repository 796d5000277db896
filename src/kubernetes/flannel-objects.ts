/** flannel as Kubernetes runs it: one pod per node, which takes the node's subnet from the Node object. Pure. */
import path from 'node:path'
import type { FlannelConfig } from '../spec/cluster.ts'
import script from './flannel-cni.sh?raw'
import type { Fields } from './merge.ts'
import { PLACES } from './places.ts'

const NAMESPACE = 'kube-flannel'
const NAME = 'kube-flannel-ds'
const LABELS = { app: 'flannel' } as const
const HEALTH_PORT = 8081

export interface FlannelOptions {
  /** With tag. It contains `/opt/bin/flanneld`, `nft`, and `sh`. */
  readonly image: string
  /** As `flannelConfiguration` returns it. */
  readonly network: Fields
  /** The address of the API on every node: not the Service, which kube-proxy may not serve yet. */
  readonly api: { readonly host: string; readonly port: number }
}

/** flannel's network configuration from the cluster file; default: vxlan over the pods' network. */
export function flannelConfiguration(podNetwork: string, config?: FlannelConfig): Fields {
  const six = podNetwork.includes(':')
  const usual = six
    ? { EnableIPv4: false, EnableIPv6: true, IPv6Network: podNetwork }
    : { Network: podNetwork }
  return { EnableNFTables: true, ...usual, Backend: { Type: 'vxlan' }, ...config }
}

/** In the order in which they can be created. */
export function flannelObjects({ image, network, api }: FlannelOptions): readonly Fields[] {
  const account = { name: 'flannel', namespace: NAMESPACE }
  const rbac = 'rbac.authorization.k8s.io'
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'flannel' },
      rules: [
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'flannel' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-flannel-cfg', namespace: NAMESPACE },
      data: { 'net-conf.json': JSON.stringify(network), 'flannel-cni.sh': script },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
      spec: {
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(image, api) },
      },
    },
  ]
}

function podSpec(image: string, api: FlannelOptions['api']): Fields {
  const { cniConfiguration } = PLACES
  const probe = (at: string) => ({ httpGet: { host: '127.0.0.1', port: HEALTH_PORT, path: at } })
  const [run, cni] = [path.posix.dirname(PLACES.flannel.subnet), path.posix.dirname(cniConfiguration)]
  return {
    hostNetwork: true,
    priorityClassName: 'system-node-critical',
    serviceAccountName: 'flannel',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'kube-flannel',
        image,
        command: ['/opt/bin/flanneld'],
        args: [
          '--kube-subnet-mgr',
          '--ip-masq',
          // Independent of the default route: the address that the cluster uses for the node.
          '--iface=$(NODE_IP)',
          '--healthz-ip=127.0.0.1',
          `--healthz-port=${HEALTH_PORT}`,
        ],
        env: [
          { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          { name: 'NODE_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
          { name: 'KUBERNETES_SERVICE_HOST', value: api.host },
          { name: 'KUBERNETES_SERVICE_PORT', value: `${api.port}` },
          { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
        ],
        lifecycle: {
          postStart: {
            exec: {
              command: ['sh', '/etc/kube-flannel/flannel-cni.sh', PLACES.flannel.subnet, cniConfiguration],
            },
          },
        },
        livenessProbe: {
          ...probe('/healthz'),
          periodSeconds: 30,
          failureThreshold: 3,
          initialDelaySeconds: 10,
        },
        readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
        resources: { requests: { cpu: '100m', memory: '50Mi' } },
        securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
        volumeMounts: [
          { name: 'run', mountPath: run },
          { name: 'cni', mountPath: cni },
          { name: 'configuration', mountPath: '/etc/kube-flannel', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'run', hostPath: { path: run, type: 'DirectoryOrCreate' } },
      { name: 'cni', hostPath: { path: cni, type: 'DirectoryOrCreate' } },
      { name: 'configuration', configMap: { name: 'kube-flannel-cfg' } },
    ],
  }
}
