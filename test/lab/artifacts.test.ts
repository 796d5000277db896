/** etcd from Debian's real archive, and whether quorate's facts about each version match the real binaries. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { ownArchitecture, type Architecture, type ArtifactEvent } from '../../src/artifacts/artifact.ts'
import { debianVersion } from '../../src/artifacts/debian.ts'
import { obtainEtcd } from '../../src/artifacts/obtain.ts'
import { MINORS, flagsOfMinor } from '../../src/etcd/flags.ts'
import { environmentName, knownFlags } from '../../src/etcd/versions.ts'
import { ETCD_CHOICES, etcdBinaries } from './etcd-binaries.ts'

const noApt = spawnSync('apt-get', ['--version']).status !== 0
const reason = noApt ? ' (skipped: no apt on this computer)' : ''

async function freshCache(): Promise<{
  cacheDirectory: string
  stagingDirectory: string
  events: ArtifactEvent[]
}> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-archive-test-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return { cacheDirectory: path.join(folder, 'cache'), stagingDirectory: folder, events: [] }
}

test.skipIf(noApt)(`Debian's archive: etcd of trixie, cold, then from the cache${reason}`, async () => {
  const lists = await listing('/var/lib/apt/lists')
  const { events, ...folders } = await freshCache()
  const context = {
    ...folders,
    emit: (event: ArtifactEvent) => events.push(event),
    signal: AbortSignal.timeout(100_000),
  }
  const spec = { version: '3.5.16', source: { kind: 'debian', suite: 'trixie', mirror: undefined } } as const

  const artifact = await obtainEtcd(spec, ownArchitecture() ?? 'amd64', context)
  expect(artifact.files.map((file) => file.name)).toEqual(['etcd', 'etcdctl', 'etcdutl'])
  expect(artifact.origin).toMatch(/^Debian trixie, etcd-server 3\.5\.16-/)
  expect(await readdir(folders.stagingDirectory)).toEqual(['cache'])
  // The system's own apt is unchanged.
  expect(await listing('/var/lib/apt/lists')).toEqual(lists)

  const told = events.length
  expect(await obtainEtcd(spec, artifact.arch, context)).toEqual(artifact)
  expect(events).toHaveLength(told)
})

test.skipIf(noApt)(
  `a version that the suite doesn't have is refused with the one it has${reason}`,
  async () => {
    const { events: _, ...folders } = await freshCache()
    const context = { ...folders, emit: () => undefined, signal: AbortSignal.timeout(100_000) }
    const source = { kind: 'debian', suite: 'bookworm', mirror: undefined } as const
    await expect(obtainEtcd({ version: '3.4.99', source }, 'amd64', context)).rejects.toFail(
      'artifact/another-version-in-debian',
      { says: ['bookworm', '3.4.23', '3.4.99'] },
    )
    const unknown = { ...source, suite: 'nosuchsuite' }
    await expect(debianVersion(unknown, 'amd64', context)).rejects.toThrow(/nosuchsuite/)
  },
)

test.skipIf(noApt).each(['unsigned', 'with a signature of nobody that Debian knows'])(
  `an archive with its own etcd, %s, is refused before any package of it is fetched${reason}`,
  async (how) => {
    const asked: string[] = []
    const arch = ownArchitecture() ?? 'amd64'
    const packages = ['etcd-server', 'etcd-client'].map(
      (name) =>
        `Package: ${name}\nVersion: 3.5.16-4\nArchitecture: ${arch}\nFilename: pool/${name}.deb\nSize: 9\nSHA256: ${'0'.repeat(64)}\n`,
    )
    const index = packages.join('\n')
    const sum = createHash('sha256').update(index).digest('hex')
    const release = `Origin: Debian\nLabel: Debian\nSuite: trixie\nCodename: trixie\nDate: ${new Date().toUTCString()}\nComponents: main\nArchitectures: ${arch}\nSHA256:\n ${sum} ${index.length} main/binary-${arch}/Packages\n`
    const signature = '-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n'
    const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${release}${signature}`
    const server = createServer((request, response) => {
      const url = request.url ?? ''
      asked.push(url)
      if (url.endsWith('/Packages')) response.end(index)
      else if (url.endsWith('/Release')) response.end(release)
      else if (url.endsWith('/InRelease') && how !== 'unsigned') response.end(signed)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { events: _, ...folders } = await freshCache()
    const context = { ...folders, emit: () => undefined, signal: AbortSignal.timeout(100_000) }
    const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`
    const source = { kind: 'debian', suite: 'trixie', mirror } as const
    await expect(obtainEtcd({ version: '3.5.16', source }, arch, context)).rejects.toFail('artifact', {
      says: /trixie:\n[^]*(?:not signed|NODATA|signature)/,
    })
    expect(asked.some((url) => url.includes('InRelease'))).toBe(true)
    expect(asked.filter((url) => url.includes('/pool/'))).toEqual([])
  },
)

test.skipIf(noApt)(`another architecture's binaries come from any machine${reason}`, async () => {
  const arch: Architecture = ownArchitecture() === 'arm64' ? 'amd64' : 'arm64'
  const { artifact } = await etcdBinaries('trixie', { arch })
  const header = await readFile(artifact.files[0]?.path ?? '')
  expect(header.readUInt16LE(18)).toBe(arch === 'arm64' ? 183 : 62)
})

test.skipIf(noApt).for(ETCD_CHOICES)(
  `etcd of %s is what it says, and knows exactly the settings that quorate says it knows${reason}`,
  async (suite) => {
    const { directory, version } = await etcdBinaries(suite)
    const etcd = path.join(directory, 'etcd')
    const known = knownFlags(version)
    const help = await output(etcd, ['--help'], {})
    const documented = [...help.matchAll(/^\s+--([a-z0-9-]+)/gm)].map((found) => found[1] ?? '')
    expect(documented.length).toBeGreaterThan(50)
    // Those of v2 discovery are only in 3.7's help: they are tested below as unknown flags.
    const gone = version.startsWith('3.7.') ? ['discovery', 'discovery-proxy'] : []
    const left = new Set(['config-file', 'version', 'help', ...gone])
    expect(documented.filter((flag) => !known.has(flag) && !left.has(flag))).toEqual([])

    const strangers = [...new Set(MINORS.flatMap((minor) => flagsOfMinor(minor) ?? []))].filter(
      (flag) => !known.has(flag),
    )
    expect(await unrecognized(etcd, strangers)).toEqual(strangers)
    for (const flag of [...known].filter((name) => !documented.includes(name))) {
      // One at a time: etcd exits at a value of the wrong type before it reads the others.
      expect(await unrecognized(etcd, [flag])).toEqual([])
    }
  },
)

/** The flags that etcd reports as unrecognized if they are in its environment. */
async function unrecognized(etcd: string, flags: readonly string[]): Promise<readonly string[]> {
  const environment = Object.fromEntries(flags.map((flag) => [environmentName(flag), '1']))
  const text = await output(etcd, ['--data-dir=/dev/null/nowhere'], environment)
  return flags.filter((flag) =>
    new RegExp(`unrecognized environment variable.*\\b${environmentName(flag)}=1`).test(text),
  )
}

async function output(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const ended = promisify(execFile)(file, args, { env, timeout: 60_000 })
  const { stdout, stderr } = await ended.catch((error: { stdout: string; stderr: string }) => error)
  return stdout + stderr
}

async function listing(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort()
  return await Promise.all(
    names.map(async (name) => `${name} ${(await stat(path.join(folder, name))).mtimeMs}`),
  )
}
