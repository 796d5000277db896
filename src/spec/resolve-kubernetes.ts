/** The cluster file's `kubernetes`, with paths absolute, selectors resolved and defaults filled in. */
import { type Cluster, type Node, selectNodes } from './cluster.ts'
import type { ContainerdSpec } from './containerd.ts'
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import { type KubernetesSource, type KubernetesSpec, type Taint, kubernetesNodes } from './kubernetes.ts'
import type { ClusterFile } from './schema.ts'
import { bySpecificity } from './selectors.ts'

type Written = NonNullable<ClusterFile['kubernetes']>
type Local = (path: string) => string
type Around = Pick<Cluster, 'nodes' | 'groups' | 'network'>

export function resolveKubernetes(written: Written, around: Around, local: Local): KubernetesSpec {
  const standard = KUBERNETES_DEFAULTS
  return {
    version: written.version,
    source: source(written.source, local),
    containerd: containerd(written.containerd, local),
    imageRepository: written.imageRepository ?? standard.imageRepository,
    podNetwork: written.podNetwork ?? around.network?.config.Network ?? standard.podNetwork,
    serviceNetwork: written.serviceNetwork ?? standard.serviceNetwork,
    dnsDomain: written.dnsDomain ?? standard.dnsDomain,
    apiServer: { arguments: texts(written.apiServer?.arguments) },
    controllerManager: { arguments: texts(written.controllerManager?.arguments) },
    scheduler: { arguments: texts(written.scheduler?.arguments) },
    kubelet: { configuration: written.kubelet?.configuration ?? {} },
    kubeProxy: { configuration: written.kubeProxy?.configuration ?? {} },
    flannel: written.flannel ?? standard.flannel,
    nodeLabels: nodeLabels(written.nodeLabels, around),
    taints: taints(written.taints, around),
    pki: { caKey: written.pki?.caKey ?? standard.pki.caKey, days: written.pki?.days ?? standard.pki.days },
  }
}

function source(written: Written['source'], local: Local): KubernetesSource {
  const { release, modules, folder } =
    typeof written === 'string'
      ? { release: undefined, modules: written === 'modules' ? {} : undefined, folder: undefined }
      : (written ?? {})
  if (typeof folder === 'string') return { kind: 'folder', path: local(folder), sha256: undefined }
  if (folder !== undefined)
    return { kind: 'folder', path: local(folder.path), sha256: folder.sha256?.toLowerCase() }
  if (modules !== undefined) {
    const { proxy, go, checksumDatabase = KUBERNETES_DEFAULTS.modules.checksumDatabase } = modules
    return { kind: 'modules', proxy, go: go === undefined ? undefined : local(go), checksumDatabase }
  }
  const { base, program, checksum } = KUBERNETES_DEFAULTS.release
  const top = (release?.mirror ?? base).replace(/\/+$/, '')
  return {
    kind: 'release',
    url: release?.url ?? `${top}/${program}`,
    checksums: release?.checksums ?? `${top}/${checksum}`,
    proxy: release?.proxy,
  }
}

function containerd(written: Written['containerd'], local: Local): ContainerdSpec | undefined {
  if (written?.source === undefined || written.source === 'distribution') return undefined
  const { source: asked, crictl } = written
  const { base, ...standard } = KUBERNETES_DEFAULTS.containerd
  const { release, folder } = asked === 'release' ? { release: {}, folder: undefined } : asked
  const { version = standard.version, runc = standard.runc, cni = standard.cni } = written
  const from: ContainerdSpec['source'] =
    folder === undefined
      ? { kind: 'release', base: (release?.mirror ?? base).replace(/\/+$/, ''), proxy: release?.proxy }
      : { kind: 'folder', path: local(folder) }
  return { source: from, version, runc, cni, crictl }
}

function texts(written: Readonly<Record<string, string | number | boolean>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, String(value)]))
}

function nodeLabels(written: Written['nodeLabels'], around: Around): KubernetesSpec['nodeLabels'] {
  const all = new Map<string, Map<string, string>>()
  for (const [selector, labels] of bySpecificity(written ?? {}, around)) {
    for (const { name } of selected(selector, around)) {
      const own = all.get(name) ?? new Map<string, string>()
      for (const [key, value] of Object.entries(labels)) own.set(key, value)
      all.set(name, own)
    }
  }
  return Object.fromEntries([...all].map(([name, labels]) => [name, Object.fromEntries(labels)]))
}

function taints(written: Written['taints'], around: Around): KubernetesSpec['taints'] {
  // A node that is both should run pods, which the masters' taint would prevent.
  const both = around.nodes.filter(({ roles }) => roles.includes('master') && roles.includes('worker'))
  const all = new Map(both.map(({ name }) => [name, new Map<string, Taint>()]))
  for (const [selector, wanted] of bySpecificity(written ?? {}, around)) {
    for (const { name } of selected(selector, around)) {
      const own = all.get(name) ?? new Map<string, Taint>()
      for (const taint of wanted) own.set(`${taint.key}:${taint.effect}`, taint)
      all.set(name, own)
    }
  }
  return Object.fromEntries([...all].map(([name, own]) => [name, [...own.values()]]))
}

function selected(selector: string, around: Around): readonly Node[] {
  return kubernetesNodes({ nodes: selectNodes(around, selector) })
}
