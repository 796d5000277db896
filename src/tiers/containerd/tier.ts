/**
 * containerd, and everything that a node needs before a kubelet can run on it, on the nodes with the roles `master` and
 * `worker`.
 */
import type { ServiceStep } from '../../engine/service-steps.ts'
import { NO_STAGES } from '../../engine/tier-reset.ts'
import type { Tier } from '../../engine/tier.ts'
import { equipNodes } from './equip.ts'
import { containerdLooks } from './looks.ts'
import { containerdRefusals } from './refusals.ts'
import { containerdReport } from './report.ts'
import { containerdReset } from './reset.ts'
import { containerdSteps } from './steps.ts'
import { isKubernetesNode, nodePackages } from './wanted.ts'

export const containerd: Tier<ServiceStep> = {
  name: 'containerd',
  after: [],
  packages: (cluster, node) => (isKubernetesNode(cluster, node) ? nodePackages(cluster) : []),
  looks: containerdLooks,
  // The ports of kubelets are checked with everything else on the node (`node-fitness.ts`).
  ports: () => [],
  refusals: containerdRefusals,
  steps: containerdSteps,
  equip: equipNodes,
  settled: (cluster, hosts) =>
    containerdRefusals(cluster, hosts).length === 0 && containerdSteps(cluster, hosts).length === 0,
  reset: {
    concerns: isKubernetesNode,
    refusals: () => [],
    stages: ({ cluster, hosts, request }) => {
      const machines = request.nodes.flatMap(({ name }) => {
        const host = hosts[name]
        return host === undefined ? [] : containerdReset(cluster, host, request.suffix)
      })
      return { ...NO_STAGES, machines }
    },
    notes: () => [],
  },
  report: containerdReport,
}
