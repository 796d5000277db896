/** The part of the schema for the source of etcd's binaries, and their pinned checksums. */
import * as z from 'zod'
import { DEFAULTS } from './defaults.ts'
import { flag, localPath, ONE_KEY, text } from './schema-parts.ts'
import * as values from './values.ts'

export const source = z
  .strictObject({
    release: z
      .strictObject({
        url: text(
          values.checkHttpUrl,
          'URL template of the archive: {version}, {minor}, {arch} (amd64, arm64).',
        ).optional(),
        checksums: text(values.checkHttpUrl, 'URL template of the SHA256SUMS file.').optional(),
        mirror: text(
          values.checkHttpUrl,
          "URL that replaces etcd's release page, with the same files below it.",
          {
            default: DEFAULTS.release.base,
          },
        ).optional(),
        proxy: text(
          values.checkHttpUrl,
          'HTTP proxy. Default: HTTPS_PROXY and NO_PROXY of the environment.',
        ).optional(),
      })
      .meta({ description: "etcd's own release archives, checked against SHA256SUMS." })
      .optional(),
    debian: z
      .strictObject({
        suite: text(values.checkSuite, 'bullseye has 3.3.25, bookworm 3.4.23, trixie 3.5.16.', {
          examples: ['bookworm', 'trixie', 'sid'],
        }),
        mirror: text(
          values.checkHttpUrl,
          "Archive URL. Default: the one the workstation's apt uses.",
        ).optional(),
      })
      .meta({ description: "Debian's archive, verified by apt. The workstation must have apt." })
      .optional(),
    modules: z
      .strictObject({
        proxy: text(
          values.checkHttpUrl,
          "Go module proxy. Default: the first one of Go's own GOPROXY.",
        ).optional(),
        go: localPath(
          'The program go, or the directory of its toolchain. Default: found in PATH.',
        ).optional(),
        checksumDatabase: flag(
          "Compare every module with Go's public checksum database. false: trust the proxy.",
          DEFAULTS.modules.checksumDatabase,
        ).optional(),
      })
      .meta({ description: 'Built on the workstation from the Go modules of etcd 3.5 and newer. Needs Go.' })
      .optional(),
    file: z
      .strictObject({
        path: localPath('A directory with etcd and etcdctl, or a release archive (.tar.gz).'),
        sha256: text(values.checkSha256, 'SHA-256 of the archive.').optional(),
      })
      .meta({ description: 'A directory or archive on the workstation.' })
      .optional(),
  })
  .meta({ description: "Where etcd's binaries come from. Default: its own releases.", ...ONE_KEY })

const pin = (what: string) => text(values.checkSha256, `SHA-256 of ${what}.`).optional()
const pins = (arch: string) =>
  z
    .strictObject({
      archive: pin('the release archive (.tar.gz)'),
      etcd: pin('the program etcd'),
      etcdctl: pin('the program etcdctl'),
      etcdutl: pin('the program etcdutl'),
    })
    .meta({ description: `What is pinned for ${arch}.` })
    .optional()

export const pinnedSums = z.strictObject({ amd64: pins('amd64'), arm64: pins('arm64') }).meta({
  description: 'Pinned checksums of this version, by architecture: nothing else is installed.',
})
