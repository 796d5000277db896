/** How commands over SSH end when something else does: the caller's patience, the program, the network, the input. */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { type Plugin, build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { whyNoLab } from './harness.ts'
import { PASSWORD, failure, sshHere, until, useSshLab } from './ssh-lab.ts'

describe.skipIf(whyNoLab())('the end of a command over SSH', () => {
  const ssh = useSshLab()

  test.for(['root', 'free', 'asked'])('an aborted command ends there too (%s)', async (user) => {
    await using machines = await ssh.fleet({ sudoPassword: async () => PASSWORD })
    const remote = await machines.get('far', ssh.target('far', { user }))
    const abort = new AbortController()
    const marker = `7${Math.floor(Math.random() * 1e6)}`
    const running = remote.run({ argv: ['sleep', marker], root: true, signal: abort.signal })
    await until(async () => (await ssh.processesThere()).includes(`sleep ${marker}`))
    abort.abort(new Error('stopped by the test'))
    await expect(running).rejects.toThrow('stopped by the test')
    expect(await ssh.processesThere()).not.toContain(`sleep ${marker}`)
    expect((await remote.run({ argv: ['echo', 'alive'] })).stdout).toBe('alive\n')
  })

  test.for(['root', 'asked'])('a killed program leaves nothing running, here or there (%s)', async (user) => {
    const marker = `8${Math.floor(Math.random() * 1e6)}`
    const program = await bundled(
      ssh.lab.folder,
      `
      import { openFleet } from ${JSON.stringify(path.resolve('src/ssh/fleet.ts'))}
      const fleet = await openFleet({ knownHosts: ${JSON.stringify(ssh.lab.knownHostsFile)}, sudoPassword: async () => ${JSON.stringify(PASSWORD)} })
      const remote = await fleet.get('far', ${JSON.stringify(ssh.target('far', { user }))})
      await remote.run({ argv: ['sleep', '${marker}'], root: true })
    `,
    )
    const child = spawn(process.execPath, [program], { stdio: 'ignore' })
    await until(async () => (await ssh.processesThere()).includes(`sleep ${marker}`))
    expect(await sshHere()).toContain(marker)
    child.kill('SIGKILL')
    await until(async () => !(await ssh.processesThere()).includes(`sleep ${marker}`))
    await until(async () => !(await sshHere()).includes(marker))
    await until(async () => !(await ssh.processesThere()).includes('quorate'))
  })

  test('a machine that vanishes in the middle is noticed within 20 s', async () => {
    await using machines = await ssh.fleet()
    const remote = await machines.get('near', ssh.target('near'))
    const running = failure(remote.run({ argv: ['sleep', '60'] }))
    const started = performance.now()
    await ssh.lab.machine('near').cutNetwork()
    try {
      expect(await running).toMatchObject({ code: 'unreachable', host: 'near' })
      expect(performance.now() - started).toBeLessThan(20_000)
      const [first, later] = [await running, await failure(remote.run({ argv: ['true'] }))]
      expect(later).toMatchObject({ code: 'unreachable', host: 'near', message: (first as Error).message })
      expect(later).toFail('unreachable/connection-lost', { says: ' 15 s' })
    } finally {
      await ssh.lab.machine('near').restoreNetwork()
    }
  })

  test('what an input stream throws is thrown, and the command does not get half of it for the whole', async () => {
    await using machines = await ssh.fleet()
    const remote = await machines.get('far', ssh.target('far'))
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(1 << 20)
        await new Promise((resolve) => setTimeout(resolve, 200))
        throw new Error('the source broke')
      })(),
    )
    const running = remote.run({ argv: ['sh', '-c', 'cat >/tmp/half && touch /tmp/whole'], stdin: broken })
    await expect(running).rejects.toThrow('the source broke')
    expect((await remote.run({ argv: ['test', '-e', '/tmp/whole'] })).exitCode).toBe(1)
  })
})

/** `import text from './x.sh?raw'` for a program that a test builds. */
const rawText: Plugin = {
  name: 'raw',
  setup(bundler) {
    bundler.onResolve({ filter: /\?raw$/ }, (args) => ({
      path: path.resolve(args.resolveDir, args.path.slice(0, -4)),
      namespace: 'raw',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'raw' }, async (args) => ({
      contents: await readFile(args.path, 'utf8'),
      loader: 'text',
    }))
  },
}

/** A separate program that can be killed. */
async function bundled(folder: string, source: string): Promise<string> {
  const entry = path.join(folder, 'victim.ts')
  const outfile = path.join(folder, 'victim.mjs')
  await writeFile(entry, source)
  const plugins = [rawText]
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    plugins,
    logLevel: 'error',
  })
  return outfile
}
