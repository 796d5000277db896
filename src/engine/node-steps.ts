/** Steps that make a machine fit for a Kubernetes node: settings of its kernel, programs, images. */
import { type ImagesState, type KernelState, type ProgramsState, kernelFiles } from '../host/node-parts.ts'
import type { Operation } from '../host/operations.ts'
import { type ServiceKinds, type TierStepCommon, supplied } from './service-kind.ts'

/** Loaded and set now, and at each boot. */
export interface KernelStep extends TierStepCommon {
  readonly kind: 'kernel'
  /** Of its files, `/etc/modules-load.d/NAME.conf` and `/etc/sysctl.d/NAME.conf`: `quorate-kubernetes`. */
  readonly name: string
  /** Texts of these files, as `kernelTexts` makes them. */
  readonly texts: KernelTexts
  readonly modules: readonly string[]
  /** By name: `net.ipv4.ip_forward`. */
  readonly settings: Readonly<Record<string, string>>
}

export interface KernelTexts {
  readonly modules: string
  readonly settings: string
}

/** Programs of one version in a directory of their own, and links to them. Its tier supplies each file under its name. */
export interface ProgramStep extends TierStepCommon {
  readonly kind: 'program'
  /** Of all of them: `kubernetes`. */
  readonly product: string
  readonly version: string
  /** `/opt/quorate/kubernetes/1.37.2` */
  readonly directory: string
  /** Names of the files to install there. */
  readonly files: readonly string[]
  /** Names of the files there that links lead to, by the links' paths. */
  readonly links: Readonly<Record<string, string>>
}

/** An archive imported into containerd's namespace of Kubernetes. Its tier supplies it under the name `archive`. */
export interface ImageStep extends TierStepCommon {
  readonly kind: 'image'
  /** The archive's file name: `control-plane.tar`. */
  readonly archive: string
  /** Digests, as far as they are known beforehand, of the images in it by their full names. */
  readonly images: Readonly<Record<string, string | undefined>>
}

export type NodeStep = KernelStep | ProgramStep | ImageStep

/** What stands for a digest or a checksum that only the machine tells. */
export const TOLD_LATER = 'told by the machine'

export const NODE: ServiceKinds<NodeStep> = {
  kernel: {
    action: 'change',
    distinguishes: ({ name }) => [name],
    predict: (services, { name, modules, settings, texts }) => {
      const paths = kernelFiles(name)
      const before = services.kernel ?? NO_KERNEL
      const kernel: KernelState = {
        modules: [...new Set([...before.modules, ...modules])],
        settings: { ...before.settings, ...settings },
        files: { ...before.files, [paths.modules]: texts.modules, [paths.settings]: texts.settings },
      }
      return { ...services, kernel }
    },
    operations: ({ name, texts }) => [
      ['kernel', { name, modules: { text: texts.modules }, settings: { text: texts.settings } }],
    ],
    simulate: (machine, step) => {
      const done = () => NODE.kernel.predict(machine.services, step).kernel ?? NO_KERNEL
      const only = (kernel: Partial<KernelState>) => {
        machine.services = {
          ...machine.services,
          kernel: { ...(machine.services.kernel ?? NO_KERNEL), ...kernel },
        }
      }
      return [
        () => only({ files: done().files }),
        () => only({ modules: done().modules }),
        () => only({ settings: done().settings }),
      ]
    },
  },

  program: {
    action: 'create',
    distinguishes: ({ product, version }) => [product, version],
    predict: (services, { directory, version, files, links }) => {
      const before = services.programs ?? NO_PROGRAMS
      const installed = files.map(
        (name) => [`${directory}/${name}`, { sha256: TOLD_LATER, version }] as const,
      )
      const linked = Object.entries(links).map(([path, name]) => [path, `${directory}/${name}`] as const)
      const programs = {
        files: { ...before.files, ...Object.fromEntries(installed) },
        links: { ...before.links, ...Object.fromEntries(linked) },
      }
      return { ...services, programs }
    },
    operations: (step, contents) => [
      ...step.files.map((name): Operation => {
        const content = supplied(contents, name, step)
        const sha256 = 'file' in content ? content.sha256 : undefined
        return ['program', { content, path: `${step.directory}/${name}`, sha256, version: step.version }]
      }),
      ...Object.entries(Object.groupBy(Object.entries(step.links), ([, name]) => name)).map(
        ([name, links = []]): Operation => [
          'program_links',
          { target: `${step.directory}/${name}`, paths: links.map(([path]) => path) },
        ],
      ),
    ],
    simulate: (machine, step) => [
      ...step.files.map((name) => () => {
        const one = { ...step, files: [name], links: {} }
        machine.services = NODE.program.predict(machine.services, one)
      }),
      ...Object.entries(step.links).map(([path, name]) => () => {
        const one = { ...step, files: [], links: { [path]: name } }
        machine.services = NODE.program.predict(machine.services, one)
      }),
    ],
  },

  image: {
    action: 'create',
    distinguishes: ({ archive }) => [archive],
    predict: (services, { images }) => {
      const told = Object.entries(images).map(([name, digest]) => [name, digest ?? TOLD_LATER] as const)
      const after: ImagesState = { ...services.images, ...Object.fromEntries(told) }
      return { ...services, images: after }
    },
    operations: (step, contents) => [
      ['images', { archive: supplied(contents, 'archive', step), names: Object.keys(step.images) }],
    ],
    simulate: (machine, step) =>
      Object.entries(step.images).map(([name, digest]) => () => {
        machine.services = NODE.image.predict(machine.services, { ...step, images: { [name]: digest } })
      }),
  },
}

const NO_KERNEL: KernelState = { modules: [], settings: {}, files: {} }

const NO_PROGRAMS: ProgramsState = { files: {}, links: {} }
