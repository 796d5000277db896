/**
 * What kube-proxy and flanneld call in their containers (`nft`, `iptables`), with libraries, and busybox for scripts.
 * They come from Debian's archive, so that a set of images is the same on every workstation that makes it.
 */
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'
import { QuorateError } from '../../errors.ts'
import type { Architecture } from '../artifact.ts'
import { type AptContext, readPackage, withPackages } from '../debian-packages.ts'
import type { DebianArchive } from '../mirror.ts'
import type { ImageEntry } from '../oci-archive.ts'

/** Named one by one: their dependencies are known, and a test runs the programs. */
const PACKAGES = [
  'busybox-static',
  'iptables',
  'libbsd0',
  'libc6',
  'libedit2',
  'libgmp10',
  'libip4tc2',
  'libip6tc2',
  'libjansson4',
  'libmd0',
  'libmnl0',
  'libnetfilter-conntrack3',
  'libnfnetlink0',
  'libnftables1',
  'libnftnl11',
  'libtinfo6',
  'libxtables12',
  'nftables',
] as const

const ARCHIVE: DebianArchive = {
  suite: 'trixie',
  mirror: undefined,
  wanted: 'nftables and iptables',
  otherwise: 'or use a release or a bundle (kubernetes.source), which needs no packages of Debian',
  mirrorKey: undefined,
}

const LIBRARIES: Readonly<Record<Architecture, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
}

/** The programs of busybox that scripts in quorate's pods call: those that flannel's own image also has, and `httpd`. */
const APPLETS = ['cat', 'cp', 'httpd', 'mkdir', 'mv', 'nc', 'nslookup', 'ping', 'rm', 'sh', 'sleep', 'wget']

const link = (at: string, to: string): ImageEntry => ({ kind: 'link', path: at, to, mode: 0o777 })

/** What Debian creates on a node: merged directories, and alternatives. */
const LINKS: readonly ImageEntry[] = [
  ...['bin', 'lib', 'lib64', 'sbin'].map((name) => link(name, `usr/${name}`)),
  ...[
    'iptables',
    'iptables-restore',
    'iptables-save',
    'ip6tables',
    'ip6tables-restore',
    'ip6tables-save',
  ].map((name) => link(`usr/sbin/${name}`, 'xtables-nft-multi')),
  ...APPLETS.map((name) => link(`usr/bin/${name}`, 'busybox')),
]

/** Far larger than any of these files: limits what a package can write. */
const MOST_BYTES = 64 << 20

/** Distinguishes sets of tools that are made differently. */
export const TOOLS_RECIPE: readonly unknown[] = [ARCHIVE.suite, PACKAGES, LINKS]

/**
 * @param directory absolute path of an empty directory for the entries' files
 * @throws QuorateError `artifact` if they are unavailable, or differ from what Debian signed
 */
export async function fetchTools(
  arch: Architecture,
  folder: string,
  context: AptContext,
): Promise<{ readonly entries: readonly ImageEntry[]; readonly origin: string }> {
  return await withPackages(ARCHIVE, PACKAGES, arch, context, async (apt, packages) => {
    const missing = PACKAGES.filter((name) => !packages.some((found) => found.name === name))
    if (missing.length > 0)
      throw new QuorateError('artifact', `Debian ${ARCHIVE.suite} has no ${missing.join(', ')} for ${arch}`)
    await apt.download(packages)
    const entries: ImageEntry[] = []
    for (const found of packages.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const place = path.join(folder, found.name)
      const unpack = async (archive: Readable) => await unpackTools(archive, place, arch, context.signal)
      entries.push(...(await readPackage(found, apt, context.signal, unpack)))
    }
    const versions = packages.map(({ name, version }) => `${name} ${version}`)
    return {
      entries: [...entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)), ...LINKS],
      origin: `Debian ${ARCHIVE.suite}: ${versions.join(', ')}`,
    }
  })
}

/** Whether a file of a package is needed: programs, and libraries in the linker's directories. */
function isWanted(file: string, arch: Architecture): boolean {
  if (['usr/bin/busybox', 'usr/sbin/nft', 'usr/sbin/xtables-nft-multi'].includes(file)) return true
  // The linker itself, under the name that programs of this architecture use.
  if (/^usr\/lib(64)?\/ld-linux-[\w-]+\.so\.\d+$/.test(file)) return true
  const inLibraries = `usr/lib/${LIBRARIES[arch]}/`
  return (
    file.startsWith(inLibraries) && /^(xtables\/)?[\w.+-]+\.so[\d.]*$/.test(file.slice(inLibraries.length))
  )
}

/** @param place prefix of the names of files; no name in the package becomes a path on the workstation */
async function unpackTools(
  archive: Readable,
  place: string,
  arch: Architecture,
  signal: AbortSignal,
): Promise<readonly ImageEntry[]> {
  const extractor = tar.extract()
  const feeding = pipeline([archive, extractor], { signal })
  // The loop below gets its failure as well. This only keeps it from being reported as unhandled before then.
  feeding.catch(() => undefined)
  const entries: ImageEntry[] = []
  for await (const entry of extractor) {
    const { name, type, linkname, size } = entry.header
    const inside = name.replace(/^\.\//, '')
    if (type === 'symlink' && isWanted(inside, arch)) entries.push(link(inside, linkname ?? ''))
    if (type !== 'file' || !isWanted(inside, arch) || size > MOST_BYTES) {
      entry.resume()
      continue
    }
    const from = `${place}.${entries.length}`
    await pipeline(entry, createWriteStream(from, { mode: 0o600, flags: 'wx' }), { signal })
    entries.push({ kind: 'file', path: inside, from, mode: 0o755 })
  }
  await feeding
  return entries
}
