/** Whether a run that reports done is right about Kubernetes: by what a person would check. */
import { leavesOf } from '../../../src/kubernetes/certificates.ts'
import { type Cluster, nodesWith } from '../../../src/spec/cluster.ts'
import { kubernetesNodes } from '../../../src/spec/kubernetes.ts'
import { Violation } from '../violation.ts'
import { type World, diskOf } from '../world.ts'
import { API_MANIFEST, BINDING, faultOf, podOf, servers } from './model.ts'

export function checkKubernetes(world: World, cluster: Cluster): void {
  const { kubernetes } = world
  if (kubernetes === undefined || cluster.kubernetes === undefined) return
  const masters = nodesWith(cluster, 'master')
  if (servers(world, cluster).length < masters.length) throw broken('not every API server is ready')
  for (const { name } of masters) {
    const { services } = diskOf(world, name)
    if (kubernetes.running.get(name) !== podOf(services.files[API_MANIFEST]?.text ?? ''))
      throw broken(`${name} runs another API server than its manifest says`)
    if (kubernetes.nodes.get(name)?.labels['node-role.kubernetes.io/control-plane'] !== '')
      throw broken(`${name} is not labeled`)
  }
  for (const node of kubernetesNodes(cluster)) {
    if (kubernetes.nodes.get(node.name)?.ready !== true) throw broken(`${node.name} is not ready`)
    for (const [key, value] of Object.entries(cluster.kubernetes.nodeLabels[node.name] ?? {}))
      if (kubernetes.nodes.get(node.name)?.labels[key] !== value) throw broken(`${node.name} lacks ${key}`)
    const fault = leavesOf(cluster, node).find(
      (leaf) => faultOf(world, diskOf(world, node.name).services, leaf) !== undefined,
    )
    if (fault !== undefined) throw broken(`${node.name} has no good ${fault.id}`)
  }
  const wanted = [BINDING, 'ConfigMap kube-system/quorate', 'DaemonSet kube-flannel/kube-flannel-ds']
  for (const name of wanted) if (!kubernetes.objects.has(name)) throw broken(`there is no ${name}`)
  for (const name of ['kubeadm-config', 'kubelet-config', 'kube-proxy'])
    if (!kubernetes.configMaps.has(name)) throw broken(`there is no ConfigMap ${name}`)
}

function broken(what: string): Violation {
  return new Violation('done-is-done', what)
}
