import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test, vi } from 'vitest'
import type { EtcdSource } from '../spec/cluster.ts'
import { cachedGo } from './go-toolchain.ts'
import { moduleTrouble } from './modules-trouble.ts'
import { obtainEtcd } from './obtain.ts'
import type { TestContext } from './test-support.ts'
import { fakeBinary, FOREIGN, temporaryFolder, testContext } from './test-support.ts'

const VERSION = '3.6.16'

interface FakeGo {
  /** The directory to put into PATH. */
  readonly bin: string
  readonly program: string
  /** What each `go build` was run with: its arguments, then its environment, a line each. */
  builds(): Promise<readonly (readonly string[])[]>
}

/** A fake toolchain: it reports its version, and `build` prints `words` and fails, or makes a program. */
async function fakeGo(
  version: string,
  { words = '', proxy = 'https://proxy.test,direct', build = '' } = {},
): Promise<FakeGo> {
  const root = await temporaryFolder()
  const bin = path.join(root, 'bin')
  await mkdir(bin)
  await writeFile(path.join(root, 'program'), fakeBinary(FOREIGN, 'built'))
  await writeFile(path.join(root, 'words'), words)
  await mkdir(path.join(root, 'builds'))
  const settings = JSON.stringify({ GOVERSION: `go${version}`, GOPROXY: proxy, GOROOT: root })
  const text = `#!/bin/sh
if [ "$1" = env ]; then echo '${settings}'; exit; fi
{ echo "$*"; env; cat go.mod; } > "${root}/builds/$(date +%s.%N)"
${build}
if [ -s "${root}/words" ]; then cat "${root}/words" >&2; exit 1; fi
while [ "$1" != -o ]; do shift; done
cp "${root}/program" "$2"
`
  const program = path.join(bin, 'go')
  await writeFile(program, text)
  await chmod(program, 0o755)
  const builds = async () => {
    const files = (await readdir(path.join(root, 'builds'))).toSorted()
    return await Promise.all(
      files.map(async (file) => (await readFile(path.join(root, 'builds', file), 'utf8')).split('\n')),
    )
  }
  return { bin, program, builds }
}

const source = (changes: Partial<Extract<EtcdSource, { kind: 'modules' }>> = {}): EtcdSource => ({
  kind: 'modules',
  proxy: undefined,
  go: undefined,
  checksumDatabase: true,
  ...changes,
})

async function contextWith(
  gos: readonly FakeGo[],
  environment: NodeJS.ProcessEnv = {},
  changes: Partial<TestContext> = {},
): Promise<TestContext> {
  const PATH = [...gos.map(({ bin }) => bin), '/nowhere'].join(':')
  return await testContext({
    goPlaces: [],
    environment: { PATH, HOME: '/home/me', ...environment },
    ...changes,
  })
}

const obtain = async (context: TestContext, from = source()) =>
  await obtainEtcd({ version: VERSION, source: from }, FOREIGN, context)

test('three programs are built, each from its own module at this version, and come from the cache afterwards', async () => {
  const go = await fakeGo('1.26.8')
  const context = await contextWith([go])
  const artifact = await obtain(context)
  expect(artifact.files.map(({ name }) => name)).toEqual(['etcd', 'etcdctl', 'etcdutl'])
  expect(artifact.origin).toMatch(/ proxy\.test, .*Go 1\.26\.8$/)
  const builds = await go.builds()
  expect(builds.map(([words = '']) => words.split(' ').at(-1))).toEqual([
    'go.etcd.io/etcd/server/v3',
    'go.etcd.io/etcd/etcdctl/v3',
    'go.etcd.io/etcd/etcdutl/v3',
  ])
  for (const build of builds)
    expect(build.join('\n')).toMatch(/require go\.etcd\.io\/etcd\/\w+\/v3 v3\.6\.16/)
  expect(context.events.map(({ text }) => text)).toEqual([
    expect.stringContaining('building etcd 3.6.16'),
    expect.stringContaining('(1 of 3)'),
    expect.stringContaining('(2 of 3)'),
    expect.stringContaining('(3 of 3)'),
    expect.stringContaining(` ${FOREIGN} `),
  ])
  // Without any Go: a cached build needs none.
  expect(await obtain({ ...context, environment: { PATH: '/nowhere' } })).toEqual(artifact)
  expect(await go.builds()).toHaveLength(3)
  expect(await readdir(context.shelf)).toHaveLength(1)
  expect(
    (await readdir(path.join(context.cacheDirectory, 'go'))).filter((name) => name.startsWith('.')),
  ).toEqual([])
})

test('of the environment only the way to the network gets in: nothing that changes what is built or verified', async () => {
  const go = await fakeGo('1.26.8')
  const context = await contextWith([go], {
    GOFLAGS: '-insecure',
    GONOSUMDB: '*',
    GONOSUMCHECK: '1',
    GOSUMDB: 'off',
    GOPRIVATE: '*',
    GOINSECURE: '*',
    GOOS: 'plan9',
    GOEXPERIMENT: 'strange',
    LD_PRELOAD: '/tmp/evil.so',
    HTTPS_PROXY: 'http://web.test:3128',
  })
  await obtain(context)
  for (const build of await go.builds()) {
    expect(build.filter((line) => /^(GONOSUM|GOPRIV|GOINS|GOEXP|LD_)/.test(line))).toEqual([])
    expect(build).toEqual(
      expect.arrayContaining([
        'GOSUMDB=sum.golang.org',
        'GOPROXY=https://proxy.test/',
        'GOFLAGS=-mod=mod -trimpath -buildvcs=false -modcacherw',
        'GOTOOLCHAIN=local',
        'GOENV=off',
        'CGO_ENABLED=0',
        'GOOS=linux',
        `GOARCH=${FOREIGN}`,
        'GOVCS=*:off',
        'HTTPS_PROXY=http://web.test:3128',
      ]),
    )
    expect(build.filter((line) => line.startsWith('PATH='))).toEqual([])
  }
})

test('without the checksum database only where the file says so, and then for that proxy alone', async () => {
  const go = await fakeGo('1.26.8')
  const context = await contextWith([go])
  await obtain(context)
  await obtain(context, source({ checksumDatabase: false, proxy: 'https://one.test/go' }))
  await obtain(context, source({ checksumDatabase: false, proxy: 'https://two.test/go' }))
  const builds = await go.builds()
  expect(builds.map((build) => build.find((line) => line.startsWith('GOSUMDB=')))).toEqual([
    ...Array(3).fill('GOSUMDB=sum.golang.org'),
    ...Array(6).fill('GOSUMDB=off'),
  ])
  // The modules are also stored separately: otherwise, a verified build would find them, and blame its own proxy.
  const caches = builds.map((build) => build.find((line) => line.startsWith('GOMODCACHE=')))
  expect([0, 3, 6].map((first) => new Set(caches.slice(first, first + 3)).size)).toEqual([1, 1, 1])
  expect(new Set(caches).size).toBe(3)
  expect(await readdir(context.shelf)).toHaveLength(3)
  // What is verified is the same from every proxy.
  await obtain(context, source({ proxy: 'https://one.test/go' }))
  expect(await go.builds()).toHaveLength(9)
})

test('a toolchain that is too old is passed over where there is another, also the one in the cache', async () => {
  const words = `go: go.etcd.io/etcd/server/v3@v${VERSION} requires go >= 1.26.0 (running go 1.24.11; GOTOOLCHAIN=local)\n`
  const [ancient, old] = [await fakeGo('1.19.8'), await fakeGo('1.24.11', { words })]
  const middle = await fakeGo('1.25.5', { words })
  const context = await contextWith([ancient, old, middle])
  const file = cachedGo(context.cacheDirectory)
  await mkdir(path.dirname(file), { recursive: true })
  const good = await fakeGo('1.26.6')
  await writeFile(file, await readFile(good.program))
  await chmod(file, 0o755)
  expect((await obtain(context)).origin).toContain('Go 1.26.6')
  expect([await ancient.builds(), await middle.builds()]).toEqual([[], []])

  const none = obtain(await contextWith([ancient, old, middle]))
  await expect(none).rejects.toFail('artifact/go-is-too-old', {
    says: new RegExp(`^etcd \\S+ .*Go 1\\.26\\.0 .*:\n${old.program} .*Go 1\\.24\\.11\n${middle.program} `),
    fix: ['Go, ', 'etcd.source.release'],
  })
})

test('where there is no Go, or none that works, the error says where it was looked for and what else can be done', async () => {
  const context = await contextWith([await fakeGo('1.19.8')])
  const missing = obtain(context)
  await expect(missing).rejects.toFail('artifact/no-usable-go', {
    says: /Go 1\.19\.8\nsearched: PATH, \/.*\/toolchains\/go\/bin\/go$/,
    fix: /^install Go [^]*etcd\.source\.modules\.go[^]*etcd\.source\.release/,
  })
  const folder = await temporaryFolder()
  await expect(obtain(context, source({ go: folder }))).rejects.toFail('artifact/no-usable-go', {
    says: [`: ${folder} `, 'bin/go'],
  })
  const broken = path.join(folder, 'go')
  await writeFile(broken, '#!/bin/sh\necho broken >&2\nexit 3\n')
  await chmod(broken, 0o755)
  await expect(obtain(context, source({ go: folder }))).rejects.toFail('artifact/no-usable-go', {
    says: [`: ${broken} `, '(broken)'],
    fix: 'etcd.source.modules.go',
  })
})

test.each([
  [
    'tampered',
    'verifying module: checksum mismatch\n\nSECURITY ERROR\nThis download does NOT',
    'artifact/proxy-serves-other-content',
  ],
  [
    'database',
    'go: x@v1: verifying module: x@v1: Get "https://sum.test/lookup/x@v1": dial tcp: lookup sum.test: no such host',
    'artifact/no-checksum-database',
  ],
  [
    'absent',
    'server/v3@v3.6.99: reading https://proxy.test/v3.6.99.zip: 404 Not Found\n\tserver response: not found',
    'artifact/proxy-lacks-a-module',
  ],
  [
    'network',
    'server/v3@v3.6.16: Get "https://proxy.test/x.zip": dial tcp 192.0.2.1:443: connect: connection refused',
    'artifact/proxy-is-unreachable',
  ],
  ['build', '# go.etcd.io/etcd\nmain.go:1:1: syntax error', 'artifact/build-fails'],
] as const)('what is wrong is told apart: %s', async (kind, words, topic) => {
  expect(moduleTrouble({ stderr: words, exitCode: 1, timedOut: false })).toMatchObject({ kind })
  const go = await fakeGo('1.26.8', { words: `go: downloading a v1\n${words}\n` })
  const context = await contextWith([go])
  const failed = obtain(context)
  await expect(failed).rejects.toFail(topic, {
    says: words.split('\n').at(-1)!,
    fix: 'etcd.source',
  })
  await expect(failed).rejects.not.toThrow('downloading')
  // Only a network failure may be temporary.
  expect(await go.builds()).toHaveLength(kind === 'network' ? 2 : 1)
  expect(await readdir(context.shelf)).toEqual([])
})

test("a proxy's login is used, and is in no message and no name", async () => {
  const words = 'x: Get "https://me:hush@proxy.test/x.zip": dial tcp: lookup proxy.test: no such host'
  const go = await fakeGo('1.26.8', { words })
  const context = await contextWith([go])
  const failed = await obtain(context, source({ proxy: 'https://me:hush@proxy.test' })).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(failed).toContain('https://proxy.test/x.zip')
  expect(JSON.stringify([failed, context.events])).not.toContain('hush')
  expect((await go.builds())[0]).toContain('GOPROXY=https://me:hush@proxy.test/')
})

test('a Go that is set to fetch from everywhere is not followed there', async () => {
  const context = await contextWith([await fakeGo('1.26.8', { proxy: 'direct' })])
  await expect(obtain(context)).rejects.toFail('artifact/no-module-proxy', {
    says: 'GOPROXY=direct',
    fix: 'etcd.source.modules.proxy',
  })
})

test('programs that are not the pinned ones are not kept', async () => {
  const context = await contextWith([await fakeGo('1.26.8')])
  const sum = 'a'.repeat(64)
  const sha256 = { [FOREIGN]: { etcd: sum, etcdctl: sum, etcdutl: sum } }
  await expect(obtainEtcd({ version: VERSION, source: source(), sha256 }, FOREIGN, context)).rejects.toFail(
    'artifact/checksum-is-not-pinned',
    { says: ['etcd: ', 'etcdctl: ', 'etcdutl: ', sum] },
  )
  expect(await readdir(context.shelf)).toEqual([])
})

test('canceled in the middle, the compilers end as well, nothing is left, and the next run continues', async () => {
  const mark = path.join(await temporaryFolder(), 'compiler')
  const build = `(echo $$ > "${mark}"; sleep 600) & wait`
  const control = new AbortController()
  const slow = await contextWith([await fakeGo('1.26.8', { build })], {}, { signal: control.signal })
  const cancelled = obtain(slow)
  cancelled.catch(() => undefined)
  await vi.waitFor(async () => await access(mark), { timeout: 60_000 })
  control.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  const group = (await readFile(mark, 'utf8')).trim()
  await vi.waitFor(async () => await expect(access(`/proc/${group}/cmdline`)).rejects.toThrow(), {
    timeout: 60_000,
  })
  expect(await readdir(slow.shelf)).toEqual([])
  expect(
    (await readdir(path.join(slow.cacheDirectory, 'go'))).filter((name) => name.startsWith('.')),
  ).toEqual([])

  const next = await contextWith([await fakeGo('1.26.8')], {}, { cacheDirectory: slow.cacheDirectory })
  expect((await obtain(next)).files).toHaveLength(3)
})
