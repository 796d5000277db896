/** The steps on each Kubernetes node; none of them waits for another node. Pure. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { Hosts } from '../../engine/tier.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import type { ServicesState } from '../../host/services.ts'
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
  linkedPrograms,
  programDirectory,
  programLink,
} from './files.ts'
import { productsOf, runtimeOf, wantedImages } from './looks.ts'
import { serviceRouteUnit } from './service-route.ts'
import { TIER, unitSteps } from './unit-steps.ts'
import { containerdUnitText } from './unit.ts'
import { KERNEL_NAME, MODULES, kernelTexts, wantedSettings } from './wanted.ts'

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
  const { containerd: released } = cluster.kubernetes
  const configuration = containerdConfiguration({
    cluster: cluster.name,
    version: containerdVersion(host, released),
    sandboxImage: imageNames(cluster.kubernetes).pause,
    cgroupDriver: cgroupDriver(cluster.kubernetes, services.node),
    cniDirectory: cniDirectory(host, released),
    runc: released && `${programDirectory('runc', released.runc)}/runc`,
    restrictOomScore: services.node?.sysResource === false,
  })
  return [
    ...kernelSteps(cluster, host.name, services),
    ...routeSteps(cluster, node, services),
    // Before the unit that starts them.
    ...runtimeOf(cluster.kubernetes).flatMap((part) => programSteps(host.name, services, part)),
    ...containerdUnit(host.name, services, {
      ...(released && { [CONTAINERD.unitFile]: containerdUnitText(cluster.name, released.version) }),
      [CONTAINERD.configuration]: configuration,
    }),
    ...productsOf(cluster.kubernetes).flatMap((part) => programSteps(host.name, services, part)),
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

/**
 * A configuration that containerd can't read is never activated. Also, without its CRI plugin containerd would run, but
 * no kubelet could use it.
 */
function containerdUnit(
  host: string,
  services: ServicesState,
  files: Readonly<Record<string, string>>,
): ServiceStep[] {
  return unitSteps(host, services, { unit: CONTAINERD.unit, files }).map((step) => {
    if (step.kind === 'service-load') return { ...step, serves: ['sh', '-c', serves, 'ctr'] }
    const isConfiguration = step.kind === 'service-file' && step.path === CONTAINERD.configuration
    return isConfiguration ? { ...step, check: ['sh', '-c', check, 'containerd'] } : step
  })
}

/** The unit stays once it exists: as long as it does, whether it is still needed can't be observed. */
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
  return unitSteps(node.name, services, { unit, files: { [file]: text } }, lost).map((step) =>
    step.kind === 'service-load' ? { ...step, mends: { reachesServices: true } } : step,
  )
}

function programSteps(
  host: string,
  { programs }: ServicesState,
  { product, version }: { readonly product: ProgramProduct; readonly version: string },
): ServiceStep[] {
  const directory = programDirectory(product, version)
  const linked = linkedPrograms(product)
  const wrong = PROGRAMS[product].filter(
    (name) =>
      programs?.files[`${directory}/${name}`]?.version !== version ||
      (linked.includes(name) && programs.links[programLink(name)] !== `${directory}/${name}`),
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
      links: Object.fromEntries(linked.map((name) => [programLink(name), name])),
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
