/** The properties of the kinds of Kubernetes' steps: their predictions, and what carries them out. */
import type { HeldFacts, ServerFacts } from '../../../kubernetes/api-facts.ts'
import { describeReference, referenceTo } from '../../../kubernetes/api-objects.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { READ_AT_START_FILES, readAtStart, sumOfSums } from '../../../kubernetes/read-at-start.ts'
import { FORESEEN } from '../../../host/leaves.ts'
import { NO_SERVICES } from '../../../host/services.ts'
import type { ClusterKinds, HostKinds, Observed } from '../../etcd/guest.ts'
import { type KubernetesTierFacts, tierFacts } from '../facts.ts'
import {
  NOTHING_HELD,
  afterPhases,
  allReady,
  allRegistered,
  readyServers,
  rollingOut,
  withManifests,
  withSettings,
} from '../foreseen.ts'
import { TIER } from '../name.ts'
import { PROVEN, provenObject } from '../plan/in-cluster.ts'
import type { ClusterPhase, KubernetesClusterStep, KubernetesHostStep } from '../step.ts'
import { RESET_OF_THE_CLUSTER, RESET_ON_MACHINES } from './reset.ts'

/** `Observed.beside`, with the facts of Kubernetes changed. */
function withFacts(
  before: Observed,
  change: (facts: KubernetesTierFacts) => Partial<KubernetesTierFacts>,
): Observed {
  const facts = tierFacts(before.beside?.[TIER])
  return { ...before, beside: { ...before.beside, [TIER]: { ...facts, ...change(facts) } } }
}

function withHeld(before: Observed, change: (held: HeldFacts) => Partial<HeldFacts>): Observed {
  return withFacts(before, ({ api }) => {
    const held = api?.held ?? NOTHING_HELD
    return { api: { servers: {}, balancer: undefined, ...api, held: { ...held, ...change(held) } } }
  })
}

const UNREACHABLE: ServerFacts = { state: 'unreachable', failed: [], version: undefined, problem: undefined }

export const KUBERNETES_ON_MACHINES: HostKinds<KubernetesHostStep> = {
  ...RESET_ON_MACHINES,

  'kubeadm-manifests': {
    action: 'made',
    predict: (_cluster, before, { host: name, components, stamp }) => {
      const host = before.hosts[name]
      if (host === undefined) throw new TypeError(`${name} was not observed`)
      const { sums } = tierFacts(before.beside?.[TIER])
      const started = sums && readAtStart(sums)
      const services = withManifests(host.services ?? NO_SERVICES, components, { stamp, started })
      // It doesn't answer for a moment.
      const known = withFacts(before, ({ api }) => ({
        api: api && { ...api, servers: { ...api.servers, [name]: UNREACHABLE } },
      }))
      return { ...known, hosts: { ...before.hosts, [name]: { ...host, services } } }
    },
    operations: ({ components, stamp }) => [
      [
        'kubeadm_manifests',
        { config: PLACES.kubeadm, reads: READ_AT_START_FILES.join(' '), stamp, components },
      ],
    ],
    simulate: (machine, { components, stamp }) =>
      components.map((component) => () => {
        const sums = READ_AT_START_FILES.map((path) => machine.services.secrets?.[path]?.sha256 ?? '')
        machine.services = withManifests(machine.services, [component], { stamp, started: sumOfSums(sums) })
      }),
  },

  'kubeadm-phases': {
    action: 'change',
    predict: (cluster, before, { phases }) => withHeld(before, (held) => afterPhases(cluster, held, phases)),
    operations: ({ phases, server }) => [
      [
        'kubeadm_phases',
        { config: PLACES.kubeadm, kubeconfig: PLACES.kubeconfigs.admin, server, phases: together(phases) },
      ],
    ],
    simulate: (machine, { phases }) => phases.map((phase) => () => machine.carryOut(phase)),
  },
}

/** kubeadm's arguments: if several phases of one group are wanted, one run does them all. */
export function together(phases: readonly ClusterPhase[]): readonly string[] {
  const groups = [...new Set(phases.map((phase) => phase.split('/')[0] ?? ''))]
  return groups.flatMap((group) => {
    const own = phases.filter((phase) => phase.startsWith(`${group}/`))
    return own.length > 1 ? [`${group}/all`] : own
  })
}

export const KUBERNETES_OF_THE_CLUSTER: ClusterKinds<KubernetesClusterStep> = {
  ...RESET_OF_THE_CLUSTER,

  'kubernetes-authorities': {
    action: 'create',
    predict: (_cluster, before) => withFacts(before, () => ({ ca: FORESEEN })),
    perform: async (session) => {
      const { makeAuthorities } = await import('../perform.ts')
      await makeAuthorities(session)
    },
    simulate: ({ kubernetes }) => kubernetes.makeAuthorities(),
  },

  'kubernetes-objects': {
    action: 'made',
    distinguishes: ({ objects }) => objects.map((object) => describeReference(referenceTo(object))),
    predict: (_cluster, before, { objects }) => {
      const made = objects.map((object) => [describeReference(referenceTo(object)), object] as const)
      return withHeld(before, (held) => ({
        objects: { ...held.objects, ...Object.fromEntries(made) },
        workloads: rollingOut(
          held,
          made.map(([name]) => name),
        ),
      }))
    },
    perform: async (session, _observed, { objects }) => {
      const { applyObjects } = await import('../perform.ts')
      await applyObjects(session, objects)
    },
    simulate: ({ kubernetes }, { objects }) => {
      for (const object of objects) kubernetes.put(describeReference(referenceTo(object)), object)
    },
  },

  'kubernetes-node-settings': {
    action: 'change',
    distinguishes: ({ nodes }) => nodes,
    predict: (cluster, before, { nodes }) => withHeld(before, (held) => withSettings(cluster, held, nodes)),
    perform: async (session, _observed, { nodes }) => {
      const { setNodes } = await import('../perform.ts')
      await setNodes(session, nodes)
    },
    simulate: ({ kubernetes }, { nodes }) => kubernetes.setNodes(nodes),
  },

  'kubernetes-await': {
    action: 'check',
    distinguishes: ({ milestone, nodes }) => [milestone, ...nodes],
    predict: (cluster, before, { milestone, nodes }) => {
      if (milestone === 'nodes') return withHeld(before, (held) => allReady(cluster, held))
      const served = withFacts(before, ({ api }) => ({
        api: {
          balancer: undefined,
          ...api,
          held: api?.held ?? NOTHING_HELD,
          servers: { ...api?.servers, ...readyServers(cluster, nodes) },
        },
      }))
      return milestone === 'api' ? served : withHeld(served, (held) => allRegistered(cluster, held))
    },
    perform: async (session, _observed, step) => {
      const { awaitMilestone } = await import('../perform.ts')
      await awaitMilestone(session, step)
    },
    simulate: ({ kubernetes }, { milestone, nodes }) => kubernetes.await(milestone, nodes),
  },

  'kubernetes-proof': {
    action: 'check',
    predict: (_cluster, before, { of }) =>
      withHeld(before, ({ objects }) => ({
        objects: { ...objects, [describeReference(PROVEN)]: provenObject(of) },
      })),
    perform: async (session, _observed, { of }) => {
      const { prove } = await import('../perform.ts')
      await prove(session, of)
    },
    simulate: ({ kubernetes }, { of }) => {
      kubernetes.prove()
      kubernetes.put(describeReference(PROVEN), provenObject(of))
    },
  },
}
