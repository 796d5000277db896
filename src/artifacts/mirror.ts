import { QuorateError } from '../errors.ts'
import type { ProgramResult } from './program.ts'

/** A suite of Debian's archive and the wanted package, for hints. */
export interface DebianArchive {
  /** `trixie` */
  readonly suite: string
  /** URL; by default, the one that the workstation's own apt uses. */
  readonly mirror: string | undefined
  /** `etcd` */
  readonly wanted: string
  /** A sentence that names other sources. */
  readonly otherwise: string
  /** The cluster file's key for the mirror, if it has one. */
  readonly mirrorKey: string | undefined
}

const FIELDS = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(LABEL)'

/**
 * The Debian mirror that the workstation's own apt uses (URL), for any suite. Throws an `artifact` error if it uses
 * none. A wrong guess is harmless: packages that Debian didn't sign are refused.
 *
 * @param run runs a program on the workstation
 */
export async function findMirror(
  { suite, wanted, otherwise, mirrorKey }: DebianArchive,
  run: (program: string, args: readonly string[]) => Promise<ProgramResult>,
): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', FIELDS, 'Created-By: Packages'])
  const mirror = chooseMirror(stdout, suite)
  if (mirror !== undefined) return mirror
  const name = mirrorKey === undefined ? '' : `write the mirror's URL in the cluster file (${mirrorKey}), `
  throw new QuorateError('artifact', `the workstation's apt uses no Debian mirror that has ${wanted}`, {
    hint: `${name}${otherwise}`,
  })
}

/** The URL in lines `URL|release|component|label` that most likely has that suite of Debian. */
export function chooseMirror(lines: string, suite: string): string | undefined {
  const candidates = lines.split('\n').flatMap((line) => {
    const [url = '', release = '', component, label = ''] = line.split('|')
    if (component !== 'main' || !/^(https?|file|mirror\+\w+|tor\+\w+):/.test(url)) return []
    // Unknown until the system's own lists exist.
    const labelled = label !== '' && !label.startsWith('$(')
    if (labelled && label !== 'Debian') return []
    if (/security|updates|backports/.test(release)) return []
    const looksRight = /\/debian\/?$/.test(url)
    if (!labelled && !looksRight) return []
    return [{ url, score: (labelled ? 4 : 0) + (looksRight ? 2 : 0) + (release === suite ? 1 : 0) }]
  })
  return candidates.sort((a, b) => b.score - a.score)[0]?.url
}
