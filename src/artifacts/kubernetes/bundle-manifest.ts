/**
 * The contents of an air-gap bundle, and the checksum of each part: its first file, `manifest.json`. A bundle is that
 * file and the parts as `ARCH/NAME`, in a tar or unpacked in a directory. A manifest is untrusted until it is checked.
 * Pure.
 */
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import { imageNames, imagesForRoles } from '../../kubernetes/image-names.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import type { Architecture } from '../artifact.ts'

export const MANIFEST_FILE = 'manifest.json'
export const MOST_MANIFEST_BYTES = 1 << 20

/** For one architecture: enough for everything that a node needs, with a margin. */
const MOST_PARTS = 128
const MOST_PART_BYTES = 2 * 1024 ** 3

/** Only programs with these names are copied to nodes, because they run as root. */
const Program = z.enum(['flanneld', 'kubeadm', 'kubectl', 'kubelet', 'kubernetes'])
const Link = z.enum(['kubeadm', 'kubectl', 'kubelet'])
const REQUIRED = Link.options

const Part = z.strictObject({
  arch: z.enum(['amd64', 'arm64']),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.number().int().min(1).max(MOST_PART_BYTES),
})

const Manifest = z.strictObject({
  format: z.literal(1),
  product: z.literal('kubernetes'),
  version: z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
  programs: z.array(Part.extend({ name: Program, links: z.array(Link).max(3) })).max(MOST_PARTS),
  images: z
    .array(
      Part.extend({
        name: z.string().regex(/^[a-z][a-z0-9-]{0,58}\.tar$/),
        names: z
          .array(z.string().regex(/^[a-z0-9][a-z0-9._:/-]{0,200}:[A-Za-z0-9_][\w.-]{0,127}$/))
          .min(1)
          .max(16),
        roles: z
          .array(z.enum(['master', 'worker']))
          .min(1)
          .max(2),
      }),
    )
    .max(MOST_PARTS),
})
export type BundleManifest = Readonly<z.infer<typeof Manifest>>
export type BundlePart = BundleManifest['programs'][number] | BundleManifest['images'][number]

/** Programs first: this is the order in a bundle. */
export function partsOf({ programs, images }: BundleManifest): readonly BundlePart[] {
  return [...programs, ...images]
}

/** Relative to the bundle. */
export function pathOf({ arch, name }: Pick<BundlePart, 'arch' | 'name'>): string {
  return `${arch}/${name}`
}

export function architecturesOf(manifest: BundleManifest): readonly Architecture[] {
  return [...new Set(partsOf(manifest).map(({ arch }) => arch))].toSorted()
}

/**
 * @param origin the bundle's path, for messages
 * @throws QuorateError `artifact` if it isn't a manifest of this format, with every part once
 */
export function parseManifest(text: string, origin: string): BundleManifest {
  let manifest: BundleManifest
  try {
    manifest = Manifest.parse(JSON.parse(text))
  } catch (error) {
    // Zod's messages name fields of this schema. They quote nothing from the text but names of fields.
    const where = error instanceof z.ZodError ? `: ${error.issues[0]?.path.join('.') ?? ''}` : ''
    throw unsound(origin, `its ${MANIFEST_FILE} is not one of a bundle for this version of quorate${where}`)
  }
  const paths = partsOf(manifest).map(pathOf)
  const twice = paths.find((one, index) => paths.indexOf(one) !== index)
  if (twice !== undefined) throw unsound(origin, `its ${MANIFEST_FILE} names ${twice} twice`)
  return manifest
}

export function unsound(origin: string, why: string): QuorateError {
  return new QuorateError('artifact', `${origin} is not a valid bundle: ${why}`, {
    id: 'damaged-bundle',
    hint: 'copy it again, or create it again: quorate bundle create FILE',
  })
}

type Served = Pick<KubernetesSpec, 'version' | 'imageRepository' | 'flannel'>

/**
 * Checks that a bundle has everything that nodes of this architecture need.
 *
 * @throws QuorateError `artifact`, with what is missing
 */
export function checkServes(
  manifest: BundleManifest,
  spec: Served,
  arch: Architecture,
  origin: string,
): void {
  const refuse = (why: string, hint: string) =>
    new QuorateError('artifact', `${origin} ${why}`, { hint, id: 'unfit-bundle' })
  if (manifest.version !== spec.version) {
    throw refuse(
      `has Kubernetes ${manifest.version}, but the cluster file names ${spec.version}`,
      `set kubernetes.version: '${manifest.version}', or name another bundle`,
    )
  }
  const programs = manifest.programs.filter((one) => one.arch === arch)
  const found = new Set<string>(programs.flatMap(({ name, links }) => [name, ...links]))
  const wanted = [...REQUIRED, ...(spec.flannel === 'service' ? ['flanneld'] : [])]
  const missing = wanted.filter((name) => !found.has(name))
  if (missing.length > 0) {
    throw refuse(
      `has no ${missing.join(', ')} for ${arch}`,
      `it is for ${architecturesOf(manifest).join(', ') || 'no architecture'}; create one that contains it: quorate bundle create --arch ${arch} FILE`,
    )
  }
  const images = manifest.images.filter((one) => one.arch === arch)
  const names = imageNames(spec)
  for (const role of ['master', 'worker'] as const) {
    const there = new Set(images.filter((one) => one.roles.includes(role)).flatMap((one) => one.names))
    const absent = imagesForRoles(names, [role]).filter((name) => !there.has(name))
    if (absent.length > 0) throw refuse(`has no image ${absent.join(', ')} for a ${role}`, imageHint(images))
  }
}

function imageHint(images: readonly { readonly names: readonly string[] }[]): string {
  const pause = images.flatMap(({ names }) => names).find((name) => /\/pause:[^/]*$/.test(name))
  return pause === undefined
    ? 'create it again: quorate bundle create FILE'
    : `its images are of ${pause.replace(/\/pause:.*$/, '')}: compare with kubernetes.imageRepository`
}
