/**
 * The certificates and secrets of a tier on a node. Private keys never leave it: only the public key of a key
 * is known, and only the SHA-256 of any other secret.
 */
import { createHash } from 'node:crypto'
import type { ReplyLines } from './node-parts.ts'

/** A certificate with its key, in any of the forms that programs read (`LeafPlace`). */
export interface LeafState {
  /** The certificate (PEM), perhaps with its chain; undefined: missing or not readable. */
  readonly certificate: string | undefined
  /** SHA-256 (hex) of the key's public part (SPKI, DER); undefined: as above. */
  readonly key: string | undefined
  /** The kubeconfig without the lines with its key and certificate; undefined: missing. */
  readonly kubeconfig: string | undefined
  /** By path, only those of its files that exist. */
  readonly files: Readonly<Record<string, LeafFile>>
  /** A waiting request, with the openssl.cnf that it was created from. */
  readonly request: { readonly csr: string; readonly configuration: string } | undefined
}

export interface LeafFile {
  readonly owner: string
  readonly group: string
  /** As `stat` says it, e.g. `600`. */
  readonly mode: string
  /** A plain file, or the link that a kubelet keeps to its newest file. */
  readonly plain: boolean
}

export interface SecretState extends LeafFile {
  /** SHA-256 (hex) of the content; for a private key: of its public key (SPKI, DER). */
  readonly sha256: string
}

/** The paths of a certificate and its key on a node. Absolute. */
export type LeafPlace =
  | { readonly form: 'pair'; readonly certificate: string; readonly key: string }
  /** A link `…-current.pem` to a file next to it with both, as a kubelet rotates it. */
  | { readonly form: 'joined'; readonly path: string }
  /** Both within a kubeconfig, for programs that see no other file. */
  | { readonly form: 'kubeconfig'; readonly path: string }

/** Placeholder in a predicted state for what is unknown before it is created. */
export const FORESEEN = '(known after it is created)'

/** Requests wait in this directory, as `ID.csr` and `ID.cnf`, next to their keys. Only root can read it. */
const WAITING = '/var/lib/quorate/leaves'

/** The placeholders for certificates and keys in a kubeconfig's template; the agent fills them in. */
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

/** `-----BEGINPUBLICKEY-----MFkw…`: PEM without its spaces; undefined: not a key. */
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

/** A kubeconfig without the parts that change at each renewal, for comparison. */
export function withoutData(kubeconfig: string | undefined): string | undefined {
  return kubeconfig?.replaceAll(/^ *client-(?:certificate|key)-data: .*\n?/gm, '')
}
