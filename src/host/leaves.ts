/**
 * What a machine has of the certificates and secrets of a tier. Private keys never leave it: of a key its public part is
 * known, of any other secret its SHA-256.
 */
import { createHash } from 'node:crypto'
import type { ReplyLines } from './node-parts.ts'

/** A certificate with its key, in any of the forms that programs read (`LeafPlace`). */
export interface LeafState {
  /** The certificate (PEM), perhaps with its chain; undefined: it is not there, or can't be read. */
  readonly certificate: string | undefined
  /** SHA-256 (hex) of the key's public part (SPKI, DER); undefined: as above. */
  readonly key: string | undefined
  /** The kubeconfig without the lines that carry its key and certificate; undefined: it is not there. */
  readonly kubeconfig: string | undefined
  /** By path, of those of its files that are there. */
  readonly files: Readonly<Record<string, LeafFile>>
  /** A request that waits, with the openssl.cnf that it was made from. */
  readonly request: { readonly csr: string; readonly configuration: string } | undefined
}

export interface LeafFile {
  readonly owner: string
  readonly group: string
  /** As `stat` says it, e.g. `600`. */
  readonly mode: string
  /** A plain file, or the link that a kubelet keeps to the newest of its own. */
  readonly plain: boolean
}

export interface SecretState extends LeafFile {
  /** SHA-256 (hex) of the content; of a private key: of its public part (SPKI, DER). */
  readonly sha256: string
}

/** Where a certificate and its key lie on a machine. Absolute paths. */
export type LeafPlace =
  | { readonly form: 'pair'; readonly certificate: string; readonly key: string }
  /** A link `…-current.pem` to a file beside it with both, as a kubelet rotates it. */
  | { readonly form: 'joined'; readonly path: string }
  /** Both within a kubeconfig, for programs that see no other file. */
  | { readonly form: 'kubeconfig'; readonly path: string }

/** Stands, in a world that is only foreseen, for what can't be known before it is made. */
export const FORESEEN = '(known after it is made)'

/** Requests wait in this folder, as `ID.csr` and `ID.cnf`; their keys beside them. Root's alone. */
const WAITING = '/var/lib/quorate/leaves'

/** What certificates and keys are called in a template of a kubeconfig; the agent puts them there. */
export const KUBECONFIG_SLOTS = { certificate: '@certificate@', key: '@key@' } as const

/** @param texts of files, by path */
export function parseLeaves(
  reply: ReplyLines,
  texts: Readonly<Record<string, string>>,
): Readonly<Record<string, LeafState>> | undefined {
  const asked = reply.all('leaf')
  if (asked.length === 0) return undefined
  const keys = new Map(reply.all('leaf-key').map(named))
  const files = reply.all('leaf-file').map((line) => {
    const [name = '', ...fields] = line.split('|')
    return { name, ...fileOf(fields) }
  })
  return Object.fromEntries(
    asked.map((line) => {
      const [name = '', form = '', first = '', kubeconfig = ''] = line.split(' ')
      const text = texts[first]
      const csr = texts[`${WAITING}/${name}.csr`]
      const state: LeafState = {
        certificate: form === 'kubeconfig' ? embedded(text) : text,
        key: publicPart(keys.get(name)),
        kubeconfig: withoutData(form === 'kubeconfig' ? text : texts[kubeconfig]),
        files: Object.fromEntries(
          files.flatMap((file) => (file.name === name ? [[file.path, file.state]] : [])),
        ),
        request:
          csr === undefined ? undefined : { csr, configuration: texts[`${WAITING}/${name}.cnf`] ?? '' },
      }
      return [name, state] as const
    }),
  )
}

export function parseSecrets(reply: ReplyLines): Readonly<Record<string, SecretState>> | undefined {
  const asked = reply.all('secret')
  if (asked.length === 0) return undefined
  return Object.fromEntries(
    asked.map((line) => {
      const { path, state, rest } = fileOf(line.split('|'))
      const [kind = '', value = ''] = rest
      return [path, { ...state, sha256: kind === 'key' ? (publicPart(value) ?? '') : value }] as const
    }),
  )
}

/** `PATH|TYPE|OWNER|GROUP|MODE|…` */
function fileOf([path = '', type = '', owner = '', group = '', mode = '', ...rest]: readonly string[]) {
  return { path, state: { owner, group, mode, plain: type.startsWith('regular') }, rest }
}

function named(line: string): [string, string] {
  const at = line.indexOf(' ')
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

/** `-----BEGINPUBLICKEY-----MFkw…`: PEM without its blanks; undefined: it is none. */
function publicPart(pem: string | undefined): string | undefined {
  const encoded = /^-+BEGINPUBLICKEY-+([^-]+)-+ENDPUBLICKEY-+$/.exec(pem ?? '')?.[1]
  if (encoded === undefined) return undefined
  return createHash('sha256').update(Buffer.from(encoded, 'base64')).digest('hex')
}

const CERTIFICATE_LINE = /^ *client-certificate-data: *([A-Za-z0-9+/=]*) *$/m

function embedded(kubeconfig: string | undefined): string | undefined {
  const encoded = CERTIFICATE_LINE.exec(kubeconfig ?? '')?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}

/** A kubeconfig as it can be compared: what of it is another one at each renewal is left out. */
export function withoutData(kubeconfig: string | undefined): string | undefined {
  return kubeconfig?.replaceAll(/^ *client-(?:certificate|key)-data: .*\n?/gm, '')
}
