/**
 * Removes what this tier created on a node, as data. Pods and their resources are removed first, by their own tier.
 * Packages and images stay: they do no harm, and others may use them. Pure.
 */
import type { ServiceStep } from '../../engine/service-steps.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import type { HostState } from '../../host/state.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { CONTAINERD, PROGRAM_ROOT, SERVICE_ROUTE, productDirectory, writtenFor } from './files.ts'
import { runtimeOf } from './looks.ts'
import { KERNEL_NAME } from './wanted.ts'

/**
 * Only what was written for this cluster; another cluster's files stay. @param suffix appended to the names of renamed
 * files
 */
export function containerdReset(
  { name, kubernetes }: Cluster,
  host: HostState,
  suffix: string,
): readonly ServiceStep[] {
  const { services } = host
  if (services === undefined) return []
  const common = { tier: 'containerd', host: host.name, danger: 'none', suffix } as const
  const isOwn = (path: string) => {
    const file = services.files[path]
    return file?.plain === true && writtenFor(file.text) === name
  }
  const units = [
    { unit: CONTAINERD.unit, paths: [CONTAINERD.configuration, CONTAINERD.unitFile].filter(isOwn) },
    { unit: SERVICE_ROUTE.unit, paths: [SERVICE_ROUTE.file].filter(isOwn) },
  ]
  const kernel = Object.entries(services.kernel?.files ?? {}).flatMap(([path, text]) =>
    Object.values(kernelFiles(KERNEL_NAME)).includes(path) && writtenFor(text) === name ? [path] : [],
  )
  const links = Object.entries(services.programs?.links ?? {}).flatMap(([path, target]) =>
    target?.startsWith(`${PROGRAM_ROOT}/`) === true ? [path] : [],
  )
  const runtime = kubernetes === undefined ? [] : runtimeOf(kubernetes)
  const products = ['kubernetes', 'flannel', ...runtime.map(({ product }) => product)] as const
  const programs = links.length === 0 ? [] : [...links, ...products.map(productDirectory)]
  const why = 'the node is taken out of Kubernetes'
  return [
    ...units
      .filter(({ paths }) => paths.length > 0)
      .map(({ unit, paths }): ServiceStep => ({
        ...common,
        kind: 'service-remove',
        unit,
        paths,
        what: `stop and disable ${unit}, rename ${paths.join(' and ')}`,
        why,
      })),
    ...(kernel.length + programs.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'node-remove',
            settings: kernel,
            programs,
            what: 'rename the kernel settings, delete programs and their links',
            why,
          } as const,
        ]),
  ]
}
