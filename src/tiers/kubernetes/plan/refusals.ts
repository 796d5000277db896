/** What prevents Kubernetes on the nodes, reported before any change. Pure. */
import { hasKubernetes } from '../../../kubernetes/kubernetes-cluster.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { FORESEEN } from '../../../host/leaves.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { RegistryFacts } from '../../../kubernetes/registry.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { kubernetesNodes } from '../../../spec/kubernetes.ts'
import { counted } from '../../../spec/units.ts'
import { tierFacts } from '../facts.ts'
import { KUBELET } from './files.ts'
import { MANIFESTS } from './manifests.ts'
import { isOwnUnit } from './reset-facts.ts'

export function kubernetesRefusals(cluster: Cluster, hosts: Hosts, found: unknown): readonly BlockReason[] {
  if (!hasKubernetes(cluster)) return []
  const { sums, registry } = tierFacts(found)
  const machines = kubernetesNodes(cluster).flatMap((node: Node): BlockReason[] => {
    const services = hosts[node.name]?.services
    if (services === undefined) return []
    const unit = services.files[PLACES.kubelet.unit]
    const ca = services.secrets?.[PLACES.ca]
    const manifests = MANIFESTS.filter((path) => services.files[path] !== undefined)
    const reasons: BlockReason[] = []
    if (unit !== undefined && !isOwnUnit(cluster, unit.text)) {
      reasons.push({
        id: 'node-of-another-kubernetes',
        host: node.name,
        message: `${PLACES.kubelet.unit} is not quorate's, or of another cluster: this machine is a node already`,
        hint: 'take the machine out of the other cluster first, or name another machine',
      })
    }
    // Another CA belongs to another cluster: its certificates, its tokens, its pods.
    if (ca !== undefined && ca.sha256 !== FORESEEN && ca.sha256 !== sums?.ca) {
      reasons.push({
        id: 'node-of-another-kubernetes',
        host: node.name,
        message: `${PLACES.ca} belongs to a Kubernetes cluster other than ${cluster.name}`,
        hint:
          sums === undefined
            ? `if it is this cluster's, put the directory ${cluster.stateDirectory}/kubernetes back; otherwise reset that node first`
            : 'reset that machine first, or name another one',
      })
    } else if (ca === undefined && manifests.length > 0 && unit === undefined) {
      reasons.push({
        id: 'node-of-another-kubernetes',
        host: node.name,
        message: `${manifests[0]} was not made for ${cluster.name}: a kubelet would start it`,
        hint: 'reset that machine first, or name another one',
      })
    }
    const state = services.units[KUBELET]
    if (state?.masked === true) {
      reasons.push({
        id: 'unit-is-masked',
        host: node.name,
        message: `${KUBELET} is masked: it can't be started`,
        hint: `on ${node.name}: systemctl unmask ${KUBELET}`,
      })
    }
    return reasons
  })
  return [...machines, ...foreignRegistry(cluster, registry)]
}

/** API servers on the keys of another Kubernetes would use its nodes and pods as their own. */
function foreignRegistry(
  { name, stateDirectory }: Cluster,
  registry: RegistryFacts | undefined,
): BlockReason[] {
  if (registry?.whose !== 'other') return []
  const { keys, servers } = registry
  const used = servers.length === 0 ? '' : `, and API servers use them: ${servers.join(', ')}`
  return [
    {
      id: 'keys-of-another-kubernetes',
      message: `etcd holds ${counted(keys, 'key')} below /registry of another Kubernetes than ${name}${used}: its nodes and pods would come back`,
      hint: `if it is this cluster's, put the directory ${stateDirectory}/kubernetes back. If these keys are not needed, run quorate backup, then quorate reset --tier kubernetes --remove-objects`,
    },
  ]
}
