/** The reason why `go build` failed, from its output, and the fix. */
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import type { GoSubject } from './go-source.ts'
import type { GoResult } from './go-run.ts'
import { printable } from './network.ts'

export type ModuleTrouble =
  | { readonly kind: 'old-go'; readonly needed: string }
  /** `tampered`: a checksum differs. `database`: nothing could be verified. `absent`: the proxy doesn't have it. */
  | {
      readonly kind: 'tampered' | 'database' | 'absent' | 'network' | 'slow' | 'build'
      /** A few lines of Go's own message. */
      readonly words: string
    }

/** Maximum lines of Go's message. */
const SHOWN = 8

/** The wording of Go 1.21 to 1.26 (cmd/go/internal/modfetch, modload). */
const WORDS: readonly (readonly [Exclude<ModuleTrouble['kind'], 'old-go' | 'slow'>, RegExp])[] = [
  ['tampered', /SECURITY ERROR|checksum mismatch|invalid (?:signed )?(?:tree|note)|verifier/],
  ['database', /verifying (?:module|go\.mod)|initializing (?:sumdb|checksum database)|missing GOSUMDB/],
  ['absent', /: (?:40[0-9]|410) |unknown revision|no matching versions|invalid version|GOVCS disallows/],
  [
    'network',
    /dial tcp|lookup |connection re|i\/o timeout|TLS handshake|unexpected EOF|: 5\d\d |proxyconnect|x509:/,
  ],
]

export function moduleTrouble({ stderr, timedOut }: GoResult): ModuleTrouble {
  const needed = /requires go >= (\d+\.\d+[\w.]*) \(running go/.exec(stderr)?.[1]
  if (needed !== undefined) return { kind: 'old-go', needed }
  const lines = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('go: downloading '))
  // A proxy's login is in its URL, and Go prints URLs.
  const words = lines
    .slice(-SHOWN)
    .join('\n')
    .replaceAll(/(\w:\/\/)[^/\s@]+@/g, '$1')
  if (timedOut) return { kind: 'slow', words }
  const kind = WORDS.find(([, pattern]) => pattern.test(stderr))?.[0] ?? 'build'
  return { kind, words }
}

export function troubleError(
  trouble: Exclude<ModuleTrouble, { kind: 'old-go' }>,
  { subject, proxy }: { readonly subject: GoSubject; readonly proxy: URL },
): QuorateError {
  const { id, why, hint } = explain(trouble.kind, subject, printable(proxy))
  const words = trouble.words === '' ? '' : `:\n${trouble.words}`
  return new QuorateError('artifact', `can't build ${subject.name} ${subject.version}: ${why}${words}`, {
    hint: `${hint}; nothing was installed`,
    id,
  })
}

function explain(
  kind: Exclude<ModuleTrouble['kind'], 'old-go'>,
  { name, key }: GoSubject,
  proxy: string,
): { readonly why: string; readonly hint: string; readonly id: IdOf<'artifact'> } {
  const other = `take ${name} from another source (${key}.source)`
  switch (kind) {
    case 'tampered':
      return {
        id: 'proxy-serves-other-content',
        why: `${proxy} serves content that differs from the checksum database`,
        hint: `use another proxy (${key}.source.modules.proxy), or ${other}`,
      }
    case 'database':
      return {
        id: 'no-checksum-database',
        why: "Go's checksum database is unreachable, so what the proxy serves can't be verified",
        hint: `use a proxy that also serves the database. Without it, pin the programs (${key}.sha256) and set ${key}.source.modules.checksumDatabase: false`,
      }
    case 'absent':
      return {
        id: 'proxy-lacks-a-module',
        why: `${proxy} lacks a module that the build needs`,
        hint: `check ${key}.version and ${key}.source.modules.proxy, or ${other}`,
      }
    case 'network':
      return {
        id: 'proxy-is-unreachable',
        why: `${proxy} could not be reached`,
        hint: `check the network, HTTPS_PROXY and ${key}.source.modules.proxy, then rerun (downloaded modules are kept); or ${other}`,
      }
    case 'slow':
      return {
        id: 'build-is-too-slow',
        why: 'it took too long and was stopped',
        hint: `rerun (downloaded modules are kept), or ${other}`,
      }
    case 'build':
      return {
        id: 'build-fails',
        why: 'go build failed',
        hint: `name another Go (${key}.source.modules.go), or ${other}`,
      }
  }
}
