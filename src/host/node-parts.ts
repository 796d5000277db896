/** What a node has of what Kubernetes needs: kernel settings, programs, images. Read from the agent's lines. */

export interface KernelState {
  /** Of the modules that were asked for, those that are loaded or built in. */
  readonly modules: readonly string[]
  /**
   * Values of the given settings, by name: `net.ipv4.ip_forward`. Settings that the kernel doesn't have are
   * missing.
   */
  readonly settings: Readonly<Record<string, string>>
  /** Texts of the files from which they are set at boot, by path. */
  readonly files: Readonly<Record<string, string>>
}

export interface ProgramsState {
  /** By path, of those that were asked for. */
  readonly files: Readonly<Record<string, ProgramState>>
  /** Targets of the given links, by path; null: the path is not a link. */
  readonly links: Readonly<Record<string, string | null>>
}

export interface ProgramState {
  /** Hex; undefined: quorate did not install it, or it changed since, and it was not computed. */
  readonly sha256: string | undefined
  /** The version recorded at its installation; undefined as above. */
  readonly version: string | undefined
}

/** Digests of the images that were asked for, by their full names. */
export type ImagesState = Readonly<Record<string, string>>

/** The files that load modules and settings at the next boot. */
export function kernelFiles(name: string): { readonly modules: string; readonly settings: string } {
  return { modules: `/etc/modules-load.d/${name}.conf`, settings: `/etc/sysctl.d/${name}.conf` }
}

const SETTINGS = '/proc/sys/'

/** The lines of the agent's answer, by their first word. */
export interface ReplyLines {
  all(key: string): readonly string[]
}

/** @param texts of files, by path */
export function parseKernel(
  reply: ReplyLines,
  texts: Readonly<Record<string, string>>,
): KernelState | undefined {
  const [name] = reply.all('kernel')
  if (name === undefined) return undefined
  const paths = Object.values(kernelFiles(name))
  return {
    modules: reply.all('module'),
    settings: Object.fromEntries(
      Object.entries(texts).flatMap(([path, text]) =>
        path.startsWith(SETTINGS) ? [[path.slice(SETTINGS.length).replaceAll('/', '.'), text.trim()]] : [],
      ),
    ),
    files: Object.fromEntries(
      paths.flatMap((path) => {
        const text = texts[path]
        return text === undefined ? [] : [[path, text]]
      }),
    ),
  }
}

export function parsePrograms(reply: ReplyLines): ProgramsState | undefined {
  if (reply.all('programs').length === 0) return undefined
  return {
    files: Object.fromEntries(
      reply.all('program').map((line) => {
        const [path = '', sha256 = 'unknown', version = 'unknown'] = line.split(' ')
        return [path, { sha256: known(sha256), version: known(version) }]
      }),
    ),
    links: Object.fromEntries(
      reply.all('program-link').map((line) => {
        const [path, target] = firstWord(line)
        return [path, target === '' ? null : target]
      }),
    ),
  }
}

export function parseImages(reply: ReplyLines): ImagesState | undefined {
  if (reply.all('images').length === 0) return undefined
  return Object.fromEntries(reply.all('image').map(firstWord))
}

function known(word: string): string | undefined {
  return word === 'unknown' ? undefined : word
}

function firstWord(line: string): [string, string] {
  const at = line.indexOf(' ')
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
