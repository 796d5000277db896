import { Readable } from 'node:stream'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import type { Remote, RemoteCommand } from '../ssh/remote.ts'
import { runProcess } from '../ssh/process.ts'
import { gather, type Gathered, type GatherOptions, questions } from './gather.ts'
import { cluster, node } from './machine.fixture.ts'

/** A node that speaks the script's side of the protocol, or whatever else a test needs. */
function remote(host: string, act: (command: RemoteCommand) => Promise<number>): Remote {
  return {
    host,
    user: 'root',
    run: async (command) => {
      let stdout = ''
      const onStdout = (piece: string) => {
        stdout += piece
        command.onStdout?.(piece)
      }
      const exitCode = await act({ ...command, onStdout })
      return { host, stdout, stderr: '', durationMs: 0, exitCode }
    },
    forward: () => Promise.reject(new Error('not here')),
    attach: async () => await Promise.reject(new Error('no terminal')),
    close: () => Promise.resolve(),
  }
}

/** Answers like `facts.sh`; `log` records what happened when. */
function machine(host: string, log: string[] = [], delayMs = 0): Remote {
  return remote(host, async ({ stdin, onStdout }) => {
    onStdout?.('begin\n')
    await sleep(delayMs)
    log.push(`${host} ready`)
    // In two pieces, because lines can be split anywhere.
    onStdout?.('rea')
    onStdout?.('dy\n')
    for await (const piece of stdin as Readable) {
      log.push(`${host} ${String(piece).trim()}`)
      onStdout?.(
        'time 1000.5\ndial 198.18.0.12:2380 refused\ndial 198.18.0.12:2379 error T29wcwo=\ndialled\n',
      )
    }
    log.push(`${host} end`)
    return 0
  })
}

const options = (remotes: readonly Remote[], changes: Partial<GatherOptions> = {}): GatherOptions => ({
  cluster: cluster(),
  remotes: new Map(remotes.map((one) => [one.host, one])),
  signal: new AbortController().signal,
  now: () => 1_000_000,
  limitMs: 10_000,
  onAnswer: () => undefined,
  ...changes,
})

test('no machine dials before all listen, and none stops listening before all have dialed', async () => {
  const log: string[] = []
  await gather(options([machine('etcd01', log), machine('etcd02', log, 50)]))
  expect(log.map((line) => line.split(' ')[1])).toEqual(['ready', 'ready', 'go', 'go', 'end', 'end'])
})

test('clock and dials come back with the facts', async () => {
  const answers = await gather(options([machine('etcd01')]))
  const answer = answers.get('etcd01') as Gathered
  expect(answer.clock).toEqual({ offsetMs: 499.5, uncertaintyMs: 0.5 })
  expect(answer.dials).toEqual([
    { target: '198.18.0.12:2380', outcome: 'refused', reason: '' },
    { target: '198.18.0.12:2379', outcome: 'error', reason: 'Oops' },
  ])
})

test('a machine without root access delays no other, and is reported with its reason', async () => {
  const refusal = new QuorateError('permission', 'anna may not use sudo', { host: 'etcd02' })
  const answers = await gather(options([machine('etcd01'), remote('etcd02', () => Promise.reject(refusal))]))
  expect(answers.get('etcd02')).toBe(refusal)
  expect(answers.get('etcd01')).toHaveProperty('facts')
})

test('a machine that gets stuck is given up, the others are not', async () => {
  const answers = await gather(options([machine('etcd01'), stuck('etcd02')], { limitMs: 50 }))
  expect(answers.get('etcd02')).toMatchObject({ code: 'unreachable', host: 'etcd02' })
  expect(answers.get('etcd01')).toHaveProperty('facts')
})

const stuck = (host: string): Remote =>
  remote(host, async ({ onStdout, signal }) => {
    onStdout?.('begin\n')
    await sleep(60_000, undefined, { signal })
    return 0
  })

test('Ctrl-C ends all of it with its reason', async () => {
  const controller = new AbortController()
  const gathering = gather(options([stuck('etcd01'), stuck('etcd02')], { signal: controller.signal }))
  controller.abort(new QuorateError('cancelled', 'stopped'))
  await expect(gathering).rejects.toThrow('stopped')
})

test("a script that can't run is a failed command, with its last output", async () => {
  const broken: Remote = {
    ...machine('etcd01'),
    run: () =>
      Promise.resolve({
        host: 'etcd01',
        stdout: '',
        stderr: 'sh: mktemp: not found\n',
        exitCode: 127,
        durationMs: 1,
      }),
  }
  const answers = await gather(options([broken]))
  expect(answers.get('etcd01')).toMatchObject({
    code: 'command',
    host: 'etcd01',
    message: expect.stringMatching(/: sh: mktemp: not found$/),
  })
})

test('only nodes with etcd listen and dial, and only peers that are connected', () => {
  const spec = cluster({
    nodes: [node(1), node(2), node(3, { roles: ['worker'] }), node(4)],
    loadBalancerUrl: 'https://lb:6443',
  })
  const remotes = new Map(['etcd01', 'etcd02', 'etcd03'].map((name) => [name, true]))
  const [etcd, , worker] = spec.nodes.map((one) =>
    questions(spec, one, remotes).filter((word) => !/^(?:tool|write|property):/.test(word)),
  )
  expect(etcd).toEqual([
    '/opt/etcd/data',
    '/opt/etcd/wal',
    'resolve:lb',
    'port:2379',
    'listen:198.18.0.11:2379',
    'port:2380',
    'listen:198.18.0.11:2380',
    'port:2381',
    'dial:198.18.0.12:2379',
    'dial:198.18.0.12:2380',
    'own:/etc/ssl/etcd/etcd',
  ])
  expect(worker).toEqual(['/var/lib', '/var/lib', 'resolve:lb'])
})

/** This workstation as the node: the real script in the real sh. */
const here = (host: string): Remote =>
  remote(host, async ({ argv, stdin, onStdout, signal }) => {
    // Changes nothing in this workstation's own directories.
    const [file = 'sh', ...args] = argv.filter((word) => !/^(?:write|property):/.test(word))
    const { exitCode } = await runProcess(file, args, {
      stdin,
      onStdout,
      signal,
      ready: Promise.resolve(),
    })
    return exitCode
  })

test('the real script measures up to fifty writes next to the WAL directory and leaves nothing behind', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-preflight-test-'))
  try {
    const spec = cluster({ nodes: [node(1)] })
    const etcd = {
      ...spec.etcd,
      dataDirectory: path.join(folder, 'a/b/data'),
      walDirectory: path.join(folder, "it's/wal"),
    }
    const answers = await gather({ ...options([here('etcd01')]), cluster: { ...spec, etcd }, now: Date.now })
    const { facts, clock } = answers.get('etcd01') as Gathered
    expect(facts.flushes).toMatchObject({ trouble: undefined })
    // It stops after two seconds; a busy computer completes fewer in that time.
    expect(facts.flushes.latenciesMs.length).toBeGreaterThan(0)
    expect(facts.flushes.latenciesMs.length).toBeLessThanOrEqual(50)
    expect(facts.kernel).toBe('Linux')
    expect(facts.cpus).toBeGreaterThan(0)
    expect(facts.dataDisk?.sizeBytes).toBeGreaterThan(0)
    expect(Math.abs(clock?.offsetMs ?? Infinity)).toBeLessThanOrEqual(clock?.uncertaintyMs ?? 0)
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
