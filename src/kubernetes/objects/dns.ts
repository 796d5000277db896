/**
 * CoreDNS on several masters. kubeadm deploys two pods while there is one master, and nothing moves them later: with that machine
 * all names in the cluster are gone. Pure.
 */
import { type ApiObject, apiVersionOf } from '../api-objects.ts'
import type { DnsPod } from '../api-facts.ts'

const NAMESPACE = 'kube-system'
const LABELS = { 'k8s-app': 'kube-dns' } as const

/** CoreDNS' pods, as a selector of the API. */
export const DNS_SELECTOR = 'k8s-app=kube-dns'

/**
 * What quorate adds to kubeadm's Deployment `coredns`: fields that kubeadm leaves empty, so that applying them takes nothing from it.
 * The number of pods stays kubeadm's, or its autoscaler's.
 *
 * - On masters, as long as there is one: what the cluster stands on keeps out of the way of what it is for.
 * - No master has two more than another. Only pods of the same template count, so that a new template spreads them anew; a
 *   master that is down does not count, so that its pods may go elsewhere.
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
 * A pod of CoreDNS to be evicted, so that its successor is placed where there is none; undefined: they are spread. They come to
 * lie on one master when another one was away.
 *
 * @param masters names of those that are Ready
 */
export function dnsPodToMove(pods: readonly DnsPod[], masters: readonly string[]): DnsPod | undefined {
  const ready = pods.filter((pod) => pod.ready && masters.includes(pod.node))
  const on = (node: string) => ready.filter((pod) => pod.node === node)
  const crowded = masters
    .map(on)
    .find((own) => own.length > 1 && masters.some((name) => on(name).length === 0))
  return crowded?.toSorted((a, b) => (a.name < b.name ? -1 : 1)).at(-1)
}
