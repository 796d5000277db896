/** What Kubernetes is waited for; and that CoreDNS is spread only once all control-plane nodes are ready. */
import { hasKubernetes, type KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import { expect, test } from 'vitest'
import type { HeldFacts, KubernetesFacts, NodeFacts } from '../../../kubernetes/api-facts.ts'
import { describeReference, referenceTo } from '../../../kubernetes/api-objects.ts'
import { dnsSpread } from '../../../kubernetes/objects/dns.ts'
import { sampleKubernetesCluster } from '../../../spec/sample-kubernetes.ts'
import { type Cluster, nodesWith } from '../../../spec/cluster.ts'
import { NOTHING_HELD, READY, allReady } from '../foreseen.ts'
import { inClusterSteps } from './in-cluster.ts'
import { CONTROL_PLANE, crowdedDns, unready } from './unready.ts'

const cluster = requireKubernetes(sampleKubernetesCluster())
const all: HeldFacts = { ...NOTHING_HELD, ...allReady(cluster, NOTHING_HELD) }
const marked = (names: readonly string[]) => {
  const nodes = Object.entries(all.nodes).map(([name, node]): [string, NodeFacts] => [
    name,
    names.includes(name) ? { ...node, labels: { [CONTROL_PLANE]: '' } } : node,
  ])
  return { ...all, nodes: Object.fromEntries(nodes) }
}
const both = ['master01', 'master02']
const crowd = both.map((_master, at) => ({ name: `coredns-${at}`, node: 'master01', ready: true }))
const api = (held: HeldFacts): KubernetesFacts => ({
  servers: { master01: READY },
  balancer: undefined,
  held,
})
const facts = (held: HeldFacts) => ({ ca: '', leaves: {}, sums: undefined, api: api(held) })

function requireKubernetes(made: Cluster): KubernetesCluster {
  return hasKubernetes(made) ? made : expect.fail('no Kubernetes')
}

/** Names of objects that would be applied. */
function applied(held: HeldFacts): readonly string[] {
  const [first] = nodesWith(cluster, 'master')
  const steps = first === undefined ? [] : inClusterSteps(cluster, facts(held), first)
  return steps.flatMap((step) =>
    step.kind === 'kubernetes-objects' ? step.objects.map((one) => describeReference(referenceTo(one))) : [],
  )
}

test('CoreDNS is bound to control-plane nodes once each has its label: its pods could not be scheduled before', () => {
  const name = describeReference(referenceTo(dnsSpread()))
  expect(applied(marked(['master01']))).not.toContain(name)
  expect(applied(marked(both))).toContain(name)
  expect(applied({ ...marked(both), workloads: {} })).not.toContain(name)
})

test('all is ready; and all but that one master alone runs CoreDNS', () => {
  expect(unready(cluster, facts(marked(both)))).toEqual([])
  expect(unready(cluster, facts({ ...marked(both), dnsPods: crowd }))).toEqual([
    expect.stringMatching(/^master01 .*CoreDNS$/),
  ])
  expect(crowdedDns(cluster, { ...marked(both), dnsPods: crowd })).toEqual(crowd[1])
})

test('nothing moves before masters are marked, or while the other one is away', () => {
  expect(crowdedDns(cluster, { ...marked(['master01']), dnsPods: crowd })).toBeUndefined()
  const { nodes } = marked(both)
  const away = { ...nodes, master02: { ...(nodes['master02'] as NodeFacts), ready: false } }
  expect(crowdedDns(cluster, { ...all, nodes: away, dnsPods: crowd })).toBeUndefined()
})
