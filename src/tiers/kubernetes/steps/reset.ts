/** The properties of the kinds of steps that remove Kubernetes from a node, or from etcd. */
import { NO_SERVICES, type ServicesState } from '../../../host/services.ts'
import type { RemainsState } from '../../../host/remains.ts'
import type { ClusterKinds, HostKinds, Observed } from '../../etcd/guest.ts'
import type {
  DrainStep,
  NodeAsideStep,
  NodeObjectsRemoveStep,
  PodNetworkRemoveStep,
  PodsRemoveStep,
  RegistryRemoveStep,
} from '../step.ts'

/**
 * How long containers may take to end, in seconds. An API server continues to serve for part of it, until no more
 * requests are sent to it.
 */
const END_SECONDS = 25

const NOTHING: RemainsState = {
  pods: 0,
  volumes: 0,
  namespaces: 0,
  routes: 0,
  links: [],
  rules: [],
  paths: [],
}

function withRemains(
  services: ServicesState = NO_SERVICES,
  changes: (remains: RemainsState) => Partial<RemainsState>,
): ServicesState {
  const remains = services.remains ?? NOTHING
  return { ...services, remains: { ...remains, ...changes(remains) } }
}

function onServices(
  before: Observed,
  name: string,
  change: (services: ServicesState | undefined) => ServicesState,
): Observed {
  const host = before.hosts[name]
  if (host === undefined) throw new TypeError(`${name} was not observed`)
  return { ...before, hosts: { ...before.hosts, [name]: { ...host, services: change(host.services) } } }
}

const withoutPods = (services: ServicesState | undefined) =>
  withRemains(services, () => ({ pods: 0, volumes: 0, namespaces: 0 }))

const withoutNetwork = (services: ServicesState | undefined) =>
  withRemains(services, () => ({ routes: 0, links: [], rules: [] }))

/** These paths and everything in them were renamed. */
function withoutPaths(services: ServicesState | undefined, gone: readonly string[]): ServicesState {
  const stays = ([path]: readonly [string, unknown]) =>
    !gone.some((one) => path === one || path.startsWith(`${one}/`))
  const left = withRemains(services, ({ paths }) => ({ paths: paths.filter((path) => !gone.includes(path)) }))
  const { files, secrets = {} } = left
  return {
    ...left,
    files: Object.fromEntries(Object.entries(files).filter(stays)),
    secrets: Object.fromEntries(Object.entries(secrets).filter(stays)),
  }
}

export const RESET_ON_MACHINES: HostKinds<PodsRemoveStep | PodNetworkRemoveStep | NodeAsideStep> = {
  'pods-remove': {
    action: 'remove',
    predict: (_cluster, before, { host }) => onServices(before, host, withoutPods),
    operations: () => [['pods_remove', { seconds: `${END_SECONDS}` }]],
    simulate: (machine) => [() => (machine.services = withoutPods(machine.services))],
  },

  'pod-network-remove': {
    action: 'remove',
    predict: (_cluster, before, { host }) => onServices(before, host, withoutNetwork),
    operations: ({ networks }) => [['pod_network_remove', { networks: networks.join(' ') }]],
    simulate: (machine) => [() => (machine.services = withoutNetwork(machine.services))],
  },

  'node-aside': {
    action: 'remove',
    distinguishes: ({ paths }) => paths,
    predict: (_cluster, before, { host, paths }) =>
      onServices(before, host, (services) => withoutPaths(services, paths)),
    operations: ({ suffix, paths, kept }) => [
      ['apart', { kept: kept.join(' '), paths }],
      ['aside', { suffix, paths }],
    ],
    simulate: (machine, { paths }) =>
      paths.map((path) => () => (machine.services = withoutPaths(machine.services, [path]))),
  },
}

export const RESET_OF_THE_CLUSTER: ClusterKinds<DrainStep | NodeObjectsRemoveStep | RegistryRemoveStep> = {
  'kubernetes-drain': {
    action: 'stop',
    distinguishes: ({ nodes }) => nodes,
    predict: (_cluster, before) => before,
    perform: async (session, _observed, { nodes }) => {
      const { drain } = await import('../perform-reset.ts')
      await drain(session, nodes)
    },
    simulate: () => undefined,
  },

  'kubernetes-node-objects-remove': {
    action: 'remove',
    distinguishes: ({ nodes }) => nodes,
    predict: (_cluster, before) => before,
    perform: async (session, _observed, { nodes }) => {
      const { removeNodeObjects } = await import('../perform-reset.ts')
      await removeNodeObjects(session, nodes)
    },
    simulate: () => undefined,
  },

  'kubernetes-registry-remove': {
    action: 'remove',
    predict: (_cluster, before) => before,
    perform: async (session, _observed, { servers }) => {
      const { removeObjects } = await import('../perform-reset.ts')
      await removeObjects(session, servers)
    },
    simulate: () => undefined,
  },
}
