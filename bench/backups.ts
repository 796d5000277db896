/** A store of a gibibyte: backed up and restored beside what is done by hand with etcd's own tools. */
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
  /** `etcdctl snapshot save` piped through `zstd -1` and `age` (backup-by-hand.sh). */
  readonly backupByHandSeconds: number
  readonly backupSeconds: number
  /** How quick the backup is, with the one by hand as 1. */
  readonly backupSpeedRatio: number
  /** How quick it is with `etcdctl snapshot save` alone as 1. */
  readonly backupToSaveSpeedRatio: number
  readonly backupPeakMemoryBytes: number
  /** `etcdutl snapshot restore` of one member on this computer, and its start until it answers. */
  readonly restoreOneSeconds: number
  /** The same three restores in parallel, by `scp` and `etcdutl` (restore-by-hand.sh). */
  readonly restoreByHandSeconds: number
  /** Onto three machines, until the cluster has been verified. */
  readonly restoreThreeSeconds: number
  /** With the three by hand as 1. */
  readonly restoreRatio: number
  /** With the one member on this computer as 1. */
  readonly restoreToOneRatio: number
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
  const [saves, hands, backups, memory]: number[][] = [[], [], [], []]
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: backing up, by etcdctl, by hand and by quorate`)
    await rm(snapshot, { force: true })
    saves?.push(await save(bench, snapshot))
    hands?.push(await backupByHand(bench))
    const env = { NODE_OPTIONS: `--import=${bench.memoryHook}`, BENCH_MEMORY_FILE: bench.memoryFile }
    backups?.push(
      (await cluster.quorate(['backup', '--store', store, '--recipient', RECIPIENT], env)).durationMs,
    )
    memory?.push(Number(await readFile(bench.memoryFile, 'utf8')))
    await rm(store, { recursive: true })
  }
  const [ones, threesByHand, threes]: number[][] = [[], [], []]
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: restoring, by etcdutl, by hand and by quorate`)
    ones?.push(await restoreOne(bench, snapshot, round))
    threesByHand?.push(await restoreByHand(bench, snapshot))
    threes?.push((await cluster.quorate(['restore', snapshot, '--confirm', cluster.name])).durationMs)
  }
  const [saved, byHand, backedUp] = [median(saves), median(hands), median(backups)]
  const [one, threeByHand, three] = [median(ones), median(threesByHand), median(threes)]
  return {
    storeBytes: (await stat(snapshot)).size,
    snapshotSaveSeconds: saved / 1000,
    backupByHandSeconds: byHand / 1000,
    backupSeconds: backedUp / 1000,
    backupSpeedRatio: byHand / backedUp,
    backupToSaveSpeedRatio: saved / backedUp,
    backupPeakMemoryBytes: Math.max(...(memory ?? [])),
    restoreOneSeconds: one / 1000,
    restoreByHandSeconds: threeByHand / 1000,
    restoreThreeSeconds: three / 1000,
    restoreRatio: three / threeByHand,
    restoreToOneRatio: three / one,
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

/** What etcdctl is told to reach the second node's member. */
function access(cluster: BenchCluster): readonly string[] {
  const [ca, cert, key] = operatorFiles(cluster)
  const endpoint = `--endpoints=https://${cluster.nodes[1]?.address}:2379`
  return [endpoint, `--cacert=${ca}`, `--cert=${cert}`, `--key=${key}`]
}

/** By etcdctl alone; milliseconds. */
async function save({ cluster, binaries }: BackupBench, file: string): Promise<number> {
  const words = [path.join(binaries, 'etcdctl'), ...access(cluster), 'snapshot', 'save', file]
  return (await must(words, { ETCDCTL_API: '3' })).durationMs
}

/** Packed and encrypted as a bundle of quorate's is, onto the same disk; milliseconds. */
async function backupByHand({ cluster, folder, binaries }: BackupBench): Promise<number> {
  const [script, work] = [path.join(import.meta.dirname, 'backup-by-hand.sh'), path.join(folder, 'by-hand')]
  const { durationMs } = await must([script, binaries, work, RECIPIENT, ...access(cluster)])
  await rm(work, { recursive: true })
  return durationMs
}

/** Onto the three machines, which are then as they were; milliseconds without that. */
async function restoreByHand({ cluster }: BackupBench, file: string): Promise<number> {
  const nodes = cluster.nodes.map(({ name, address }) => `${name}=${address}`)
  const script = path.join(import.meta.dirname, 'restore-by-hand.sh')
  const words = [file, cluster.identityFile, cluster.knownHosts, ...nodes]
  const { durationMs } = await must([script, 'restore', ...words])
  await must([script, 'undo', ...words])
  return durationMs
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
