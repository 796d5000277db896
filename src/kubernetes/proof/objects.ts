/** The objects that the proof creates in the cluster, all in a separate namespace. Pure. */
import { PROOF_LABEL } from '../api-facts.ts'
import { type ApiObject, apiVersionOf } from '../api-objects.ts'
import check from './check.sh?raw'
import serve from './serve.sh?raw'

/** Port of the serving pods. The Service has 80. */
const PORT = 8080
const SERVES = { app: 'serve' } as const
export const SERVES_SELECTOR = 'app=serve'
export const CHECKS_SELECTOR = 'app=check'
/** The name of the DaemonSet, and of the Service in front of it. */
export const SERVE = 'serve'

/** Checked in addition to the pods: no node has this name. */
export const BY_ADDRESS = '@service'
export const BY_NAME = '@dns'

export interface ProofPlan {
  readonly namespace: string
  /** Names of the nodes to check. */
  readonly nodes: readonly string[]
  /** Contains `sh`, `nc` and `wget`. */
  readonly image: string
  /** `cluster.local` */
  readonly dnsDomain: string
}

export function proofNamespace({ namespace }: ProofPlan): ApiObject {
  const labels = { [PROOF_LABEL]: 'running', 'app.kubernetes.io/managed-by': 'quorate' }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }
}

/** A pod on every node, through the controller-manager and the scheduler, and a Service in front of them. */
export function serving(plan: ProofPlan): readonly ApiObject[] {
  const { namespace, nodes } = plan
  const names = nodes.map((name) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }],
  }))
  const container = {
    ...containerOf(plan, [serve, 'serve', String(PORT), '$(NODE)']),
    env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { port: PORT }, periodSeconds: 1, timeoutSeconds: 3 },
  }
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: names } },
  }
  return [
    {
      apiVersion: apiVersionOf('DaemonSet'),
      kind: 'DaemonSet',
      metadata: { name: SERVE, namespace },
      spec: {
        selector: { matchLabels: SERVES },
        template: { metadata: { labels: SERVES }, spec: { ...podOf(container), affinity } },
      },
    },
    {
      apiVersion: apiVersionOf('Service'),
      kind: 'Service',
      metadata: { name: SERVE, namespace },
      spec: { selector: SERVES, ports: [{ port: 80, targetPort: PORT }] },
    },
  ]
}

/** A pod on each node that connects to all pods, including its own node's. */
export function checking(
  plan: ProofPlan,
  pods: readonly { readonly node: string; readonly address: string }[],
  serviceAddress: string,
  seconds: number,
): readonly ApiObject[] {
  const { namespace, dnsDomain } = plan
  const host = serviceAddress.includes(':') ? `[${serviceAddress}]` : serviceAddress
  const words = [
    ...pods.map(({ node, address }) => `${node}=${address}`),
    `${BY_ADDRESS}=http://${host}/`,
    `${BY_NAME}=http://${SERVE}.${namespace}.svc.${dnsDomain}/`,
  ]
  const container = containerOf(plan, [check, 'check', String(seconds), String(PORT), ...words])
  return pods.map(({ node }, at) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `check-${at + 1}`, namespace, labels: { app: 'check' } },
    spec: { ...podOf(container), nodeName: node, restartPolicy: 'Never' },
  }))
}

function containerOf({ image }: ProofPlan, words: readonly string[]): object {
  return {
    name: 'proof',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', ...words],
    resources: { requests: { cpu: '1m', memory: '8Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  }
}

/** Can be scheduled on any node, whatever its taints, and has no permissions on the node or in the API. */
function podOf(container: object): object {
  return {
    containers: [container],
    tolerations: [{ operator: 'Exists' }],
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_534,
      runAsGroup: 65_534,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
}
