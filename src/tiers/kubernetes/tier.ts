/** Kubernetes on control-plane nodes and workers: its API servers on the cluster's etcd, its kubelets, its add-ons. */
import type { LeafStep } from '../../engine/leaf-steps.ts'
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { Tier } from '../../engine/tier.ts'
import { REMAINS } from '../../host/extensions.ts'
import { ETCD } from '../etcd/guest.ts'
import { lastingFacts } from './facts.ts'
import { kubernetesLooks } from './looks.ts'
import { TIER } from './name.ts'
import { earlySteps } from './plan/early.ts'
import { leftNodes } from './plan/left-nodes.ts'
import { kubernetesRefusals } from './plan/refusals.ts'
import { resetNotes, resetRefusals } from './plan/reset-refusals.ts'
import { hasNode, resetLooks, resetStages } from './plan/reset.ts'
import { stageSteps } from './plan/stages.ts'
import type { KubernetesClusterStep, KubernetesHostStep } from './step.ts'

export type KubernetesStep = KubernetesClusterStep | KubernetesHostStep | LeafStep | ServiceStep

export const kubernetes: Tier<KubernetesStep> = {
  name: TIER,
  after: [ETCD, 'containerd'],
  packages: () => [],
  looks: kubernetesLooks,
  ports: () => [],
  refusals: kubernetesRefusals,
  early: earlySteps,
  steps: stageSteps,
  settled: (cluster, hosts, facts) =>
    earlySteps(cluster, hosts, '', facts).length === 0 && stageSteps(cluster, hosts, '', facts).length === 0,
  observe: async (session, hosts) => {
    // Most cluster files have no Kubernetes: none of its modules is loaded for them.
    if (session.cluster.kubernetes === undefined) return undefined
    const { observeKubernetes } = await import('./observe.ts')
    return await observeKubernetes(session, hosts)
  },
  equip: async (session, world, steps) => {
    if (session.cluster.kubernetes === undefined) return () => undefined
    const { equipKubernetes } = await import('./equip.ts')
    return await equipKubernetes(session, world, steps)
  },
  lasting: lastingFacts,
  notes: leftNodes,
  reset: {
    concerns: hasNode,
    looks: resetLooks,
    extension: REMAINS,
    observe: async (session, hosts, request) => {
      const { observeReset } = await import('./observe-reset.ts')
      return await observeReset(session, hosts, request)
    },
    refusals: resetRefusals,
    stages: resetStages,
    notes: resetNotes,
  },
  report: async (cluster, _ask, session) => {
    if (cluster.kubernetes === undefined) return undefined
    const { statusOfKubernetes } = await import('./status.ts')
    return await statusOfKubernetes(session)
  },
}
