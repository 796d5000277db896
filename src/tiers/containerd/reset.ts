/**
 * What takes from a machine what this tier made there, as data: pods and what they were made of go first, by the tier that made
 * them. Packages stay, and so do images: they harm nobody, and others may use them. Pure.
 */
import type { ServiceStep } from '../../engine/service-steps.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import type { HostState } from '../../host/state.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { CONTAINERD, PRODUCT_DIRECTORIES, PROGRAM_ROOT, SERVICE_ROUTE, writtenFor } from './files.ts'
import { KERNEL_NAME } from './wanted.ts'

/** Of what was written for this cluster; another's stays. @param suffix ends the names of files that are moved aside */
export function containerdReset({ name }: Cluster, host: HostState, suffix: string): readonly ServiceStep[] {
  const { services } = host
  if (services === undefined) return []
  const common = { tier: 'containerd', host: host.name, danger: 'none', suffix } as const
  const isOwn = (path: string) => {
    const file = services.files[path]
    return file?.plain === true && writtenFor(file.text) === name
  }
  const units = [
    { unit: CONTAINERD.unit, path: CONTAINERD.configuration },
    { unit: SERVICE_ROUTE.unit, path: SERVICE_ROUTE.file },
  ]
  const kernel = Object.entries(services.kernel?.files ?? {}).flatMap(([path, text]) =>
    Object.values(kernelFiles(KERNEL_NAME)).includes(path) && writtenFor(text) === name ? [path] : [],
  )
  const links = Object.entries(services.programs?.links ?? {}).flatMap(([path, target]) =>
    target?.startsWith(`${PROGRAM_ROOT}/`) === true ? [path] : [],
  )
  const programs = links.length === 0 ? [] : [...links, ...PRODUCT_DIRECTORIES]
  const why = 'the node is taken out of Kubernetes'
  return [
    ...units
      .filter(({ path }) => isOwn(path))
      .map(({ unit, path }): ServiceStep => ({
        ...common,
        kind: 'service-remove',
        unit,
        paths: [path],
        what: `stop and disable ${unit}, rename ${path}`,
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
