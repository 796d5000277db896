/** The syntax of the cluster file's `kubernetes.containerd`. */
import * as z from 'zod'
import { checkContainerdVersion, checkExactVersion } from './containerd-values.ts'
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import { localPath, ONE_KEY, text } from './schema-parts.ts'
import { checkHttpUrl } from './values.ts'

const standard = KUBERNETES_DEFAULTS.containerd

const release = z
  .strictObject({
    mirror: text(checkHttpUrl, 'URL that replaces https://github.com, with the same paths below it.', {
      default: standard.base,
    }).optional(),
    proxy: text(checkHttpUrl, 'HTTP proxy. Default: HTTPS_PROXY and NO_PROXY of the environment.').optional(),
  })
  .meta({ description: 'The releases of the projects, each file checked against its published SHA-256.' })

const source = z
  .union([
    z.enum(['distribution', 'release']),
    z
      .strictObject({
        release: release.optional(),
        folder: localPath('A directory with the files of the releases and of their checksums.').optional(),
      })
      .meta(ONE_KEY),
  ])
  .meta({
    description: "Where the nodes get them from: the distribution's packages, or releases.",
    default: 'distribution',
  })

const version = (description: string, about: Record<string, unknown> = {}) =>
  text(checkExactVersion, description, { pattern: String.raw`^\d+\.\d+\.\d+$`, ...about }).optional()

export const containerd = z
  .strictObject({
    source: source.optional(),
    version: text(checkContainerdVersion, 'Exact version of containerd, in quotes. With a release only.', {
      pattern: String.raw`^\d+\.\d+\.\d+$`,
      default: standard.version,
    }).optional(),
    runc: version('Exact version of runc, in quotes. With a release only.', { default: standard.runc }),
    cni: version('Exact version of the CNI plugins, in quotes. With a release only.', {
      default: standard.cni,
    }),
    crictl: version('Exact version of crictl, in quotes. With a release only. Default: not installed.'),
  })
  .meta({ description: 'containerd, runc and the CNI plugins of the nodes.' })
