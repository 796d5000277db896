/** What prevents a reset of Kubernetes, and what an operator has to know before confirming one. Pure. */
import { hasKubernetes } from '../../../kubernetes/kubernetes-cluster.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { ResetScene } from '../../../engine/tier-reset.ts'
import { type HostState, PATHS } from '../../../host/state.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { RegistryFacts } from '../../../kubernetes/registry.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { counted } from '../../../spec/units.ts'
import { KUBELET } from './files.ts'
import { ETCD_POD, MOVED, isOwnUnit, resetFacts } from './reset-facts.ts'

export function resetRefusals(scene: ResetScene): readonly BlockReason[] {
  const { cluster, hosts, request, facts } = scene
  if (!hasKubernetes(cluster)) return []
  const machines = request.nodes.flatMap(({ name }) => {
    const host = hosts[name]
    return host === undefined ? [] : [...foreignReasons(cluster, host), ...etcdReasons(host)]
  })
  const { registry } = resetFacts(facts)
  if (!request.objects) return machines
  return [...machines, ...registryReasons(registry, request.nodes)]
}

function foreignReasons(cluster: Cluster, { name, services }: HostState): BlockReason[] {
  const file = services?.files[PLACES.kubelet.unit]
  const state = services?.units[KUBELET]?.active
  const runs = state === 'active' || state === 'activating'
  if (isOwnUnit(cluster, file?.text) || (file === undefined && !runs)) return []
  return [
    {
      id: 'kubelet-of-another-tool',
      host: name,
      message: `a kubelet that quorate did not set up for ${cluster.name} ${runs ? 'runs' : 'is installed'} on it`,
      hint: `if it is of another cluster of quorate's, reset it with that cluster's file; otherwise, on ${name}: systemctl disable --now kubelet`,
    },
  ]
}

/** etcd's data must not depend on anything that is renamed. */
function etcdReasons({ name, services, member }: HostState): BlockReason[] {
  const texts = [member?.contents[PATHS.unit], member?.contents[PATHS.environment]].join('\n')
  const named = MOVED.find((path) => texts.includes(`${path}/`))
  return [
    ...(services?.remains?.paths.includes(ETCD_POD) === true
      ? [
          {
            id: 'static-pod-would-stop' as const,
            host: name,
            message: `${ETCD_POD} exists: etcd runs as a static pod and would be stopped`,
            hint: "move that etcd's member to another node first; or move the manifest away if it is not needed",
          },
        ]
      : []),
    ...(named === undefined
      ? []
      : [
          {
            id: 'etcd-uses-files-of-kubernetes' as const,
            host: name,
            message: `etcd's settings use files in ${named}, which would be renamed`,
            hint: 'move them, change the settings, and apply',
          },
        ]),
  ]
}

function registryReasons(registry: RegistryFacts | undefined, nodes: readonly Node[]): BlockReason[] {
  if (registry === undefined) {
    return [
      {
        id: 'content-of-etcd-is-unknown',
        message: 'etcd does not say what Kubernetes keeps in it',
        hint: 'see what is wrong: quorate status',
      },
    ]
  }
  const others = foreignServers(registry, nodes)
  if (others.length === 0) return []
  return [
    {
      id: 'api-servers-on-the-same-etcd',
      message: `API servers that are not reset use the same etcd: ${others.join(', ')}`,
      hint: 'stop them first; one that ended is forgotten after 15 s',
    },
  ]
}

/** Addresses of API servers that are on none of these nodes. */
export function foreignServers({ servers }: RegistryFacts, nodes: readonly Node[]): readonly string[] {
  return servers.filter((address) => !nodes.some((node) => node.address === address))
}

/** What an operator has to know before confirming it. */
export function resetNotes({ cluster, request, facts }: ResetScene): readonly string[] {
  const { api, registry } = resetFacts(facts)
  const names = request.nodes.map(({ name }) => name).join(', ')
  const masters = request.nodes.filter(({ roles }) => roles.includes('master'))
  if (request.whole) return wholeNotes(cluster, request.objects, registry)
  if (api?.held !== undefined) return []
  const last =
    masters.length > 0 && api === undefined
      ? ' Nothing manages Kubernetes until a master is set up again.'
      : ''
  return [
    `No other API server answers: ${names} is not drained, and its Node object stays. Once one does: quorate kubectl -- delete node ${names.replaceAll(',', '')}.${last}`,
  ]
}

function wholeNotes(cluster: Cluster, objects: boolean, registry: RegistryFacts | undefined): string[] {
  if (objects) return ['etcd itself and its other keys stay. A backup of them: quorate backup']
  if (registry?.keys === 0) return []
  const what =
    registry === undefined
      ? 'What Kubernetes keeps in etcd'
      : `${counted(registry.keys, 'key')} of Kubernetes in etcd`
  return [
    `${what} (/registry) stay${registry === undefined ? 's' : ''}: the next apply of ${cluster.name} finds all its objects again, pods and Node objects among them. --remove-objects removes that`,
  ]
}
