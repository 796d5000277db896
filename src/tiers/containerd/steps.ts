/** What is to be done on each Kubernetes node; nothing here waits for another machine. Pure. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { Hosts } from '../../engine/tier.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import type { ServiceState, ServicesState } from '../../host/services.ts'
import type { HostState } from '../../host/state.ts'
import { cgroupDriver } from '../../kubernetes/cgroup-driver.ts'
import { imageNames } from '../../kubernetes/image-names.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { counted } from '../../spec/units.ts'
import check from './check-configuration.sh?raw'
import serves from './cri-serves.sh?raw'
import { cniDirectory, containerdConfiguration, containerdVersion } from './configuration.ts'
import {
  CONTAINERD,
  PROGRAMS,
  type ProgramProduct,
  SERVICE_ROUTE,
  programDirectory,
  programLink,
} from './files.ts'
import { productsOf, wantedImages } from './looks.ts'
import { serviceRouteUnit } from './service-route.ts'
import { KERNEL_NAME, MODULES, kernelTexts, wantedSettings } from './wanted.ts'

const TIER = 'containerd'

export function containerdSteps(cluster: Cluster, hosts: Hosts): readonly ServiceStep[] {
  if (!hasKubernetes(cluster)) return []
  return kubernetesNodes(cluster).flatMap((node) => {
    const host = hosts[node.name]
    return host?.services === undefined ? [] : nodeSteps(cluster, node, host, host.services)
  })
}

function nodeSteps(
  cluster: KubernetesCluster,
  node: Node,
  host: HostState,
  services: ServicesState,
): readonly ServiceStep[] {
  const configuration = containerdConfiguration({
    cluster: cluster.name,
    version: containerdVersion(host),
    sandboxImage: imageNames(cluster.kubernetes).pause,
    cgroupDriver: cgroupDriver(cluster.kubernetes, services.node),
    cniDirectory: cniDirectory(host),
    restrictOomScore: services.node?.sysResource === false,
  })
  return [
    ...kernelSteps(cluster, host.name, services),
    ...routeSteps(cluster, node, services),
    ...containerdUnit(host.name, services, configuration),
    ...productsOf(cluster.kubernetes).flatMap(({ product, version }) =>
      programSteps(host.name, services, product, version),
    ),
    ...imageSteps(cluster, node, services),
  ]
}

function kernelSteps(cluster: KubernetesCluster, host: string, { kernel }: ServicesState): ServiceStep[] {
  const settings = wantedSettings(cluster, kernel)
  const texts = kernelTexts(cluster, MODULES, settings)
  const files = kernelFiles(KERNEL_NAME)
  const unloaded = MODULES.filter((name) => kernel?.modules.includes(name) !== true)
  const different = Object.entries(settings).flatMap(([name, value]) => {
    const now = kernel?.settings[name]
    return now === value ? [] : [`${name} is ${now ?? 'missing'}`]
  })
  const outdated = [
    ...(kernel?.files[files.modules] === texts.modules ? [] : [files.modules]),
    ...(kernel?.files[files.settings] === texts.settings ? [] : [files.settings]),
  ]
  const why = [
    ...(unloaded.length === 0 ? [] : [`not loaded: ${unloaded.join(', ')}`]),
    ...different,
    ...(outdated.length === 0 ? [] : [`not set at boot by ${outdated.join(' and ')}`]),
  ]
  if (why.length === 0) return []
  return [
    {
      kind: 'kernel',
      tier: TIER,
      host,
      name: KERNEL_NAME,
      texts,
      modules: MODULES,
      settings,
      danger: 'none',
      what: "load the kernel's modules and set what a kubelet and pods need of it, now and at boot",
      why: why.join('; '),
    },
  ]
}

/** What containerd can't read is never put in place; and without its CRI plugin it runs, and no kubelet can use it. */
function containerdUnit(host: string, services: ServicesState, configuration: string): ServiceStep[] {
  return unitSteps(host, services, CONTAINERD.unit, CONTAINERD.configuration, configuration).map((step) => {
    if (step.kind === 'service-file') return { ...step, check: ['sh', '-c', check, 'containerd'] }
    return step.kind === 'service-load' ? { ...step, serves: ['sh', '-c', serves, 'ctr'] } : step
  })
}

/** Once there the unit stays: whether it is still needed nobody can see while it is. */
function routeSteps(cluster: KubernetesCluster, node: Node, services: ServicesState): ServiceStep[] {
  const facts = services.node
  const isThere = services.files[SERVICE_ROUTE.file] !== undefined
  if (facts?.device === undefined || (facts.reachesServices !== false && !isThere)) return []
  const text = serviceRouteUnit({
    cluster: cluster.name,
    serviceNetwork: cluster.kubernetes.serviceNetwork,
    device: facts.device,
    address: node.address,
  })
  const { unit, file } = SERVICE_ROUTE
  const lost = facts.reachesServices === false ? "no route leads to Services' addresses" : undefined
  return unitSteps(node.name, services, unit, file, text, lost).map((step) =>
    step.kind === 'service-load' ? { ...step, mends: { reachesServices: true } } : step,
  )
}

/** A unit and its one file; it is restarted for what changes. */
function unitSteps(
  host: string,
  services: ServicesState,
  unit: string,
  path: string,
  content: string,
  trouble?: string,
): ServiceStep[] {
  const common = { tier: TIER, host, unit, danger: 'none' } as const
  const now = services.files[path]
  const same = now?.text === content && now.plain && now.owner === 'root' && now.mode === '644'
  const changed =
    now === undefined
      ? 'missing'
      : now.untouched
        ? 'as its package brought it'
        : 'differs from what the cluster file asks for'
  const written: ServiceStep[] = same
    ? []
    : [
        {
          ...common,
          kind: 'service-file',
          path,
          content,
          before: now?.text,
          mode: '644',
          check: [],
          what: `write ${path}`,
          why: changed,
        },
      ]
  const why = same ? (trouble ?? whyLoad(services.units[unit])) : 'its configuration changes'
  if (why === undefined) return written
  const what = `${services.units[unit]?.active === 'active' ? 'restart' : 'enable and start'} ${unit}`
  return [...written, { ...common, kind: 'service-load', reloads: false, restarts: true, what, why }]
}

function whyLoad(state: ServiceState | undefined): string | undefined {
  if (state?.loading === true) return 'what was put in place is not loaded'
  if (state?.active !== 'active') return `it is ${state?.active ?? 'not there'}`
  if (!state.enabled) return 'it would not start at boot'
  return state.needsReload === true ? 'the unit on disk differs from the one systemd has loaded' : undefined
}

function programSteps(
  host: string,
  { programs }: ServicesState,
  product: ProgramProduct,
  version: string,
): ServiceStep[] {
  const directory = programDirectory(product, version)
  const wrong = PROGRAMS[product].filter(
    (name) =>
      programs?.files[`${directory}/${name}`]?.version !== version ||
      programs.links[programLink(name)] !== `${directory}/${name}`,
  )
  if (wrong.length === 0) return []
  return [
    {
      kind: 'program',
      tier: TIER,
      host,
      product,
      version,
      directory,
      programs: PROGRAMS[product],
      links: Object.fromEntries(PROGRAMS[product].map((name) => [programLink(name), name])),
      danger: 'none',
      what: `install ${PROGRAMS[product].join(', ')} ${version} in ${directory}`,
      why: `missing or different: ${wrong.join(', ')}`,
    },
  ]
}

function imageSteps(
  { kubernetes }: KubernetesCluster,
  node: Node,
  { images = {} }: ServicesState,
): ServiceStep[] {
  const missing = wantedImages(kubernetes, node).filter((name) => images[name] === undefined)
  if (missing.length === 0) return []
  return [
    {
      kind: 'image',
      tier: TIER,
      host: node.name,
      images: Object.fromEntries(missing.map((name) => [name, undefined])),
      danger: 'none',
      what: `import ${counted(missing.length, 'image')} into containerd`,
      why: `missing: ${missing.join(', ')}`,
    },
  ]
}
