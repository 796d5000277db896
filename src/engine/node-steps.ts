/** Steps that prepare a node for Kubernetes: kernel settings, programs, images. */
import { type ImagesState, type KernelState, type ProgramsState, kernelFiles } from '../host/node-parts.ts'
import type { Operation } from '../host/operations.ts'
import type { Content, Contents } from '../host/parcel.ts'
import type { ServiceKinds, TierStepCommon } from './service-kind.ts'

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

/**
 * Programs of one version in their own directory, and links to them. The tier supplies each program under its name. If
 * several programs are one file that checks its own name, it supplies the same file for each, and one copy is installed.
 */
export interface ProgramStep extends TierStepCommon {
  readonly kind: 'program'
  /** Common name: `kubernetes`. */
  readonly product: string
  readonly version: string
  /** `/opt/quorate/kubernetes/1.37.2` */
  readonly directory: string
  /** Installed programs, e.g. `kubelet`. */
  readonly programs: readonly string[]
  /** Program names, by the path of the link to each. */
  readonly links: Readonly<Record<string, string>>
}

/**
 * Images imported into containerd's namespace of Kubernetes. Its tier supplies an archive for each image, under the image's full
 * name. If several images are in one archive, it supplies the same file for each, and it is imported once.
 */
export interface ImageStep extends TierStepCommon {
  readonly kind: 'image'
  /** Digests, if known beforehand, by the images' full names. */
  readonly images: Readonly<Record<string, string | undefined>>
}

/** Undoes these steps: settings are renamed, and stay effective until the next boot; programs and their links are deleted. */
export interface NodeRemoveStep extends TierStepCommon {
  readonly kind: 'node-remove'
  /** Suffix of renamed files. */
  readonly suffix: string
  /** Paths of the kernel's files. */
  readonly settings: readonly string[]
  /** Paths of links, and of directories of programs. */
  readonly programs: readonly string[]
}

export type NodeStep = KernelStep | ProgramStep | ImageStep | NodeRemoveStep

/** Placeholder for a digest or checksum that only the node knows. */
export const REPORTED_LATER = 'reported by the node'

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
    predict: (services, { directory, version, programs, links }) => {
      const before = services.programs ?? NO_PROGRAMS
      const installed = programs.map(
        (name) => [`${directory}/${name}`, { sha256: REPORTED_LATER, version }] as const,
      )
      const linked = Object.entries(links).map(([path, name]) => [path, `${directory}/${name}`] as const)
      const after: ProgramsState = {
        files: { ...before.files, ...Object.fromEntries(installed) },
        links: { ...before.links, ...Object.fromEntries(linked) },
      }
      return { ...services, programs: after }
    },
    operations: (step, contents) => {
      const { directory, version, programs, links } = step
      const installed = byFile(programs, contents, step).map(
        ({ content, names: [first = '', ...aliases] }): Operation => [
          'program',
          { content, sha256: content.sha256, path: `${directory}/${first}`, version, aliases },
        ],
      )
      const linked = Object.entries(links).map(([path, name]): Operation => [
        'program_link',
        { target: `${directory}/${name}`, path },
      ])
      return [...installed, ...linked]
    },
    simulate: (machine, step) => {
      const only = (part: Pick<ProgramStep, 'programs' | 'links'>) => () => {
        machine.services = NODE.program.predict(machine.services, { ...step, ...part })
      }
      return [
        ...step.programs.map((name) => only({ programs: [name], links: {} })),
        ...Object.entries(step.links).map(([path, name]) => only({ programs: [], links: { [path]: name } })),
      ]
    },
  },

  image: {
    action: 'create',
    predict: (services, { images }) => {
      const entries = Object.entries(images).map(
        ([name, digest]) => [name, digest ?? REPORTED_LATER] as const,
      )
      const after: ImagesState = { ...services.images, ...Object.fromEntries(entries) }
      return { ...services, images: after }
    },
    operations: (step, contents) =>
      byFile(Object.keys(step.images), contents, step).map(({ content, names }) => [
        'images',
        { archive: content, names },
      ]),
    simulate: (machine, step) =>
      Object.entries(step.images).map(([name, digest]) => () => {
        machine.services = NODE.image.predict(machine.services, { ...step, images: { [name]: digest } })
      }),
  },

  'node-remove': {
    action: 'remove',
    predict: (services, { settings, programs }) => {
      const { kernel = NO_KERNEL, programs: before = NO_PROGRAMS } = services
      const isGone = (path: string) => programs.some((gone) => path === gone || path.startsWith(`${gone}/`))
      return {
        ...services,
        kernel: { ...kernel, files: without(kernel.files, (path) => settings.includes(path)) },
        programs: { files: without(before.files, isGone), links: without(before.links, isGone) },
      }
    },
    operations: ({ suffix, settings, programs }) => [
      ...(settings.length === 0 ? [] : [['aside', { suffix, paths: settings }] as const]),
      ...(programs.length === 0 ? [] : [['remove', { paths: programs }] as const]),
    ],
    simulate: (machine, step) => [
      () => (machine.services = NODE['node-remove'].predict(machine.services, { ...step, programs: [] })),
      () => (machine.services = NODE['node-remove'].predict(machine.services, step)),
    ],
  },
}

const NO_KERNEL: KernelState = { modules: [], settings: {}, files: {} }

const NO_PROGRAMS: ProgramsState = { files: {}, links: {} }

function without<T>(
  all: Readonly<Record<string, T>>,
  isGone: (path: string) => boolean,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(all).filter(([path]) => !isGone(path)))
}

type File = Extract<Content, { readonly file: string }>

/** The files supplied under these names, each once, with its names. */
function byFile(
  wanted: readonly string[],
  contents: Contents,
  step: TierStepCommon,
): readonly { readonly content: File; readonly names: readonly string[] }[] {
  const found = new Map<string, { readonly content: File; readonly names: string[] }>()
  for (const name of wanted) {
    const content = contents[name]
    if (content === undefined || !('file' in content))
      throw new TypeError(`no file was supplied as ${name} for '${step.what}' on ${step.host}`)
    const known = found.get(content.file)
    if (known === undefined) found.set(content.file, { content, names: [name] })
    else known.names.push(name)
  }
  return [...found.values()]
}
