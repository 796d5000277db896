/** A store of a gibibyte: backed up beside etcdctl, and restored beside etcdutl. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectMember } from '../src/etcd/client.ts'
import { KV } from '../src/etcd/gen/kv_pb.ts'
import type { BenchCluster } from './cluster.ts'
import { median, must, run } from './measure.ts'

export interface FiguresOfBackups {
  /** Of the snapshot's file; bytes. */
  readonly storeBytes: number
  readonly snapshotSaveSeconds: number
  readonly backupSeconds: number
  /** How quick the backup is, with `etcdctl snapshot save` as 1. */
  readonly backupSpeedRatio: number
  readonly backupPeakMemoryBytes: number
  /** `etcdutl snapshot restore` of one member on this computer, and its start until it answers. */
  readonly restoreOneSeconds: number
  /** Onto three machines, until the cluster has been verified. */
  readonly restoreThreeSeconds: number
  readonly restoreRatio: number
}

const STORE_BYTES = 1024 ** 3

/** Two parts of three are random: what Kubernetes stores packs as well as that, or better. */
const VALUE_BYTES = 96 * 1024
const WRITERS = 8

/** The public half of a pair whose secret half nobody has: the bundles of the bench are opened by none. */
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'

export interface BackupBench {
  readonly cluster: BenchCluster
  /** A folder for stores and snapshots. */
  readonly folder: string
  /** Of etcd's binaries. */
  readonly binaries: string
  readonly repeat: number
  /** Preloaded into the tool, which then writes its peak memory into the file. */
  readonly memoryHook: string
  readonly memoryFile: string
  readonly say: (text: string) => void
}

export async function measureBackups(bench: BackupBench): Promise<FiguresOfBackups> {
  const { cluster, folder, repeat, say } = bench
  await cluster.configure("settings: { quota-backend-bytes: '4294967296' }")
  await cluster.pristine()
  await cluster.quorate(['apply'])
  say('writing a store of 1 GiB')
  await fill(cluster)
  const snapshot = path.join(folder, 'snapshot.db')
  const store = path.join(folder, 'backups')
  const [saves, backups, memory]: [number[], number[], number[]] = [[], [], []]
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: backing up, by etcdctl and by quorate`)
    await rm(snapshot, { force: true })
    saves.push(await save(bench, snapshot))
    const env = { NODE_OPTIONS: `--import=${bench.memoryHook}`, BENCH_MEMORY_FILE: bench.memoryFile }
    backups.push(
      (await cluster.quorate(['backup', '--store', store, '--recipient', RECIPIENT], env)).durationMs,
    )
    memory.push(Number(await readFile(bench.memoryFile, 'utf8')))
    await rm(store, { recursive: true })
  }
  const [ones, threes]: [number[], number[]] = [[], []]
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: restoring, by etcdutl and by quorate`)
    ones.push(await restoreOne(bench, snapshot, round))
    threes.push((await cluster.quorate(['restore', snapshot, '--confirm', cluster.name])).durationMs)
  }
  return {
    storeBytes: (await stat(snapshot)).size,
    snapshotSaveSeconds: median(saves) / 1000,
    backupSeconds: median(backups) / 1000,
    backupSpeedRatio: median(saves) / median(backups),
    backupPeakMemoryBytes: Math.max(...memory),
    restoreOneSeconds: median(ones) / 1000,
    restoreThreeSeconds: median(threes) / 1000,
    restoreRatio: median(threes) / median(ones),
  }
}

function operatorFiles({ folder, name }: BenchCluster): readonly [ca: string, cert: string, key: string] {
  const operator = path.join(folder, '.quorate', name, 'operator')
  const file = (one: string) => path.join(operator, one)
  return [file('ca.crt'), file('quorate-operator.crt'), file('quorate-operator.key')]
}

async function fill(cluster: BenchCluster): Promise<void> {
  const [node] = cluster.nodes
  if (node === undefined) throw new TypeError('a cluster without nodes')
  const { name, address } = node
  const texts = await Promise.all(operatorFiles(cluster).map(async (file) => await readFile(file, 'utf8')))
  const [ca = '', cert = '', key = ''] = texts
  const target = { address, port: 2379 }
  using client = connectMember({ name, target, identity: address, tls: { ca, cert, key }, timeoutMs: 60_000 })
  const count = Math.ceil(STORE_BYTES / VALUE_BYTES)
  const text = Buffer.from('{"apiVersion":"v1","kind":"Secret"}'.repeat(1000).slice(0, VALUE_BYTES / 3))
  let next = 0
  const write = async () => {
    for (let index = next++; index < count; index = next++) {
      const value = Buffer.concat([text, randomBytes((VALUE_BYTES * 2) / 3)])
      await client.call(KV.method.put, {
        key: Buffer.from(`/bench/${String(index).padStart(8, '0')}`),
        value,
      })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
}

/** By etcdctl, from the second node; milliseconds. */
async function save({ cluster, binaries }: BackupBench, file: string): Promise<number> {
  const [ca, cert, key] = operatorFiles(cluster)
  const endpoint = `--endpoints=https://${cluster.nodes[1]?.address}:2379`
  const tls = [`--cacert=${ca}`, `--cert=${cert}`, `--key=${key}`]
  const words = [path.join(binaries, 'etcdctl'), endpoint, ...tls, 'snapshot', 'save', file]
  return (await must(words, { ETCDCTL_API: '3' })).durationMs
}

/** On this computer's loopback; milliseconds until it answers. */
async function restoreOne({ folder, binaries }: BackupBench, file: string, round: number): Promise<number> {
  const data = path.join(folder, `restored-${round}`)
  const started = performance.now()
  await must([path.join(binaries, 'etcdutl'), 'snapshot', 'restore', file, '--data-dir', data])
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  const member = spawn(
    path.join(binaries, 'etcd'),
    [
      `--data-dir=${data}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      '--quota-backend-bytes=4294967296',
    ],
    { stdio: 'ignore', cwd: folder },
  )
  try {
    const ask = [path.join(binaries, 'etcdctl'), `--endpoints=${client}`, 'endpoint', 'health']
    while ((await run(ask, { ETCDCTL_API: '3' })).exitCode !== 0) {
      if (member.exitCode !== null) throw new Error(`etcd ended with exit code ${member.exitCode}`)
      await sleep(50)
    }
    return performance.now() - started
  } finally {
    await ended(member)
    await rm(data, { recursive: true, force: true })
  }
}

/** On loopback; nobody else is likely to take it before it is used. */
async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('a port is a number')
  return address.port
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  await gone
}
