/**
 * Spreads CoreDNS over several control-plane nodes. kubeadm deploys two pods while there is one control-plane node, and
 * nothing moves them later: the loss of that node would end name resolution in the cluster. Pure.
 */
import { type ApiObject, apiVersionOf } from '../api-objects.ts'
import type { DnsPod } from '../api-facts.ts'

const NAMESPACE = 'kube-system'
const LABELS = { 'k8s-app': 'kube-dns' } as const

/** The API's selector for CoreDNS' pods. */
export const DNS_SELECTOR = 'k8s-app=kube-dns'

/**
 * What quorate adds to kubeadm's Deployment `coredns`: only fields that kubeadm leaves empty, so that applying them
 * changes nothing of kubeadm's. kubeadm or its autoscaler keeps control of the number of pods.
 *
 * - On control-plane nodes while there is one, separate from ordinary workloads.
 * - The number of pods differs by at most one between control-plane nodes. Only pods of the same template count, so
 *   that a new template spreads them again. A node that is down doesn't count, so its pods can move elsewhere.
 */
export function dnsSpread(): ApiObject {
  return {
    apiVersion: apiVersionOf('Deployment'),
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: NAMESPACE },
    spec: {
      template: {
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
                  },
                ],
              },
            },
          },
          topologySpreadConstraints: [
            {
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'DoNotSchedule',
              maxSkew: 1,
              labelSelector: { matchLabels: LABELS },
              matchLabelKeys: ['pod-template-hash'],
              nodeTaintsPolicy: 'Honor',
            },
          ],
        },
      },
    },
  }
}

/**
 * A CoreDNS pod to evict, so that its replacement is placed on a node without one; undefined: they are already spread.
 * They end up on one control-plane node if the other was down.
 *
 * @param masters names of Ready control-plane nodes
 */
export function dnsPodToMove(pods: readonly DnsPod[], masters: readonly string[]): DnsPod | undefined {
  const ready = pods.filter((pod) => pod.ready && masters.includes(pod.node))
  const on = (node: string) => ready.filter((pod) => pod.node === node)
  const crowded = masters
    .map(on)
    .find((own) => own.length > 1 && masters.some((name) => on(name).length === 0))
  return crowded?.toSorted((a, b) => (a.name < b.name ? -1 : 1)).at(-1)
}
