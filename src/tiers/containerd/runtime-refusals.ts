/** What prevents installing containerd from its source: the distribution's packages, or releases. Pure. */
import type { BlockReason } from '../../engine/step.ts'
import type { HostState } from '../../host/state.ts'
import type { KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import { CONTAINERD, PACKAGED_UNITS, PROGRAM_ROOT, linkedPrograms, programLink, writtenFor } from './files.ts'
import { runtimeOf } from './looks.ts'

export function runtimeRefusals(cluster: KubernetesCluster, host: HostState): readonly BlockReason[] {
  return cluster.kubernetes.containerd === undefined
    ? releaseLeft(cluster, host)
    : [...packaged(host), ...foreignUnit(cluster, host), ...foreignPrograms(cluster, host)]
}

/** Its unit would start that containerd instead of the package's. */
function releaseLeft({ name }: KubernetesCluster, { name: host, services }: HostState): BlockReason[] {
  const file = services?.files[CONTAINERD.unitFile]
  if (file?.plain !== true || writtenFor(file.text) !== name) return []
  return [
    {
      id: 'containerd-of-a-release',
      host,
      message: `${CONTAINERD.unitFile} starts a containerd from a release, and the cluster file wants the package of the distribution`,
      hint: `write the release into kubernetes.containerd again; to change to the package, run quorate reset ${host} --tier kubernetes before you remove it`,
    },
  ]
}

/** Two units with one name, and two programs that share a socket and data. */
function packaged({ name: host, services }: HostState): BlockReason[] {
  const path = PACKAGED_UNITS.find((one) => services?.files[one] !== undefined)
  if (path === undefined) return []
  return [
    {
      id: 'containerd-of-the-distribution',
      host,
      message: `the distribution's package of containerd is installed (${path}), and the cluster file wants containerd from a release`,
      hint: `if nothing else needs it, on ${host}: apt-get remove containerd (or the node's own package manager); otherwise set kubernetes.containerd.source: distribution`,
    },
  ]
}

function foreignUnit({ name }: KubernetesCluster, { name: host, services }: HostState): BlockReason[] {
  const path = CONTAINERD.unitFile
  const file = services?.files[path]
  if (file === undefined) return []
  const owner = file.plain ? writtenFor(file.text) : undefined
  if (owner === name) return []
  return [
    {
      id: 'file-of-another-tool',
      host,
      message:
        owner === undefined
          ? `${path} was not written by quorate, and quorate does not overwrite it`
          : `${path} is of the cluster ${owner}, and a machine is a node of one cluster`,
      hint: `if nothing else needs it, on ${host}: systemctl disable --now ${CONTAINERD.unit} && mv ${path} ${path}.old`,
    },
  ]
}

function foreignPrograms(
  { kubernetes }: KubernetesCluster,
  { name: host, services }: HostState,
): BlockReason[] {
  const links = runtimeOf(kubernetes).flatMap(({ product }) => linkedPrograms(product).map(programLink))
  return links.flatMap((path) => {
    const target = services?.programs?.links[path]
    if (target === undefined || target?.startsWith(`${PROGRAM_ROOT}/`) === true) return []
    return [
      {
        id: 'file-of-another-tool',
        host,
        message: `${path} was not created by quorate, and quorate does not overwrite it`,
        hint: `if nothing else needs it, on ${host}: mv ${path} ${path}.old`,
      },
    ]
  })
}
