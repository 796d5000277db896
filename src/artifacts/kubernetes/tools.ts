/**
 * What kube-proxy and flanneld call in their containers (`nft`, `iptables`), with the libraries of that, and busybox for scripts:
 * out of Debian's archive, so that a set of images is the same whatever computer makes it.
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

/** All of them by name: what they depend on is known, and a test runs the programs. */
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

/** The programs of busybox that scripts of quorate's pods call: those that flannel's own image has too, and `httpd`. */
const APPLETS = ['cat', 'cp', 'httpd', 'mkdir', 'mv', 'nc', 'nslookup', 'ping', 'rm', 'sh', 'sleep', 'wget']

const link = (at: string, to: string): ImageEntry => ({ kind: 'link', path: at, to, mode: 0o777 })

/** What Debian makes on a node: merged directories, and alternatives. */
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

/** Far above any of these files: a bound on what a package can write. */
const MOST_BYTES = 64 << 20

/** Tells apart sets of tools that are made differently. */
export const TOOLS_RECIPE: readonly unknown[] = [ARCHIVE.suite, PACKAGES, LINKS]

/**
 * @param directory absolute path of an empty directory, which the entries' files lie in
 * @throws QuorateError `artifact` if they can't be had, or are not what Debian signed
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

/** Whether a file of a package is wanted: programs, and libraries that lie where the linker looks. */
function isWanted(file: string, arch: Architecture): boolean {
  if (['usr/bin/busybox', 'usr/sbin/nft', 'usr/sbin/xtables-nft-multi'].includes(file)) return true
  // The linker itself, where programs of this architecture name it.
  if (/^usr\/lib(64)?\/ld-linux-[\w-]+\.so\.\d+$/.test(file)) return true
  const inLibraries = `usr/lib/${LIBRARIES[arch]}/`
  return (
    file.startsWith(inLibraries) && /^(xtables\/)?[\w.+-]+\.so[\d.]*$/.test(file.slice(inLibraries.length))
  )
}

/** @param place before the names of files; no name of the package's is used as a path here */
async function unpackTools(
  archive: Readable,
  place: string,
  arch: Architecture,
  signal: AbortSignal,
): Promise<readonly ImageEntry[]> {
  const extractor = tar.extract()
  const feeding = pipeline([archive, extractor], { signal })
  // Its failure reaches the loop below as well; this only keeps it from counting as unhandled before then.
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
