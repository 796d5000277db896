/**
 * Restores a snapshot into a temporary etcd on this workstation. It opens no port, only sockets in a private directory,
 * and requires client certificates. It ends with this process, even if this process is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { runProgram } from '../../artifacts/program.ts'
import { requireRoom } from '../../etcd/room.ts'
import { QuorateError } from '../../errors.ts'
import { type MemberClient, connectMember } from '../../etcd/client.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import { type SnapshotTool, toolEnvironment } from '../../etcd/snapshot-tool.ts'
import { DRILL_IDENTITY, makeDrillTls } from './drill-tls.ts'
import { type Looked, until } from '../../wait/until.ts'

export interface EtcdPrograms {
  readonly version: string
  /** Absolute path of `etcd` on this workstation. */
  readonly etcd: string
  readonly tool: SnapshotTool
}

export interface ScratchOptions {
  readonly programs: EtcdPrograms
  /** Absolute path of a snapshot that ends with etcd's checksum. */
  readonly snapshotFile: string
  readonly sizeBytes: number
  /** Absolute path of a private directory (0700) with enough space. The caller removes it. */
  readonly folder: string
  readonly now: () => Date
  readonly signal: AbortSignal
}

export interface ScratchEtcd extends AsyncDisposable {
  readonly client: MemberClient
}

/** Two WAL segments, which etcd allocates at full size before it writes to them, in bytes. */
const LOG_BYTES = 2 * 64 * 1024 ** 2
/** For the restore, and for etcd to read all of it, in ms. */
const PATIENCE_MS = 30 * 60_000
const PAUSE_MS = 50
const ANSWER_MS = 2_000
const LOG_LINES = 5

/** Sockets in etcd's working directory; the port is only a part of their name. */
const [CLIENT_SOCKET, PEER_SOCKET] = ['localhost:1', 'localhost:2']
const PEER_URL = `unix://${PEER_SOCKET}`
/** The kernel kills etcd when this process ends, whatever ended it. */
const DIES_WITH_US = ['--pdeathsig', 'KILL', '--']
/** Nothing from this process's environment: it may contain credentials, or flags for etcd. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin', ETCD_UNSUPPORTED_ARCH: 'arm64' }

/**
 * @throws QuorateError `backup` if etcd or its tool refuses the snapshot; `state`: no space, no setpriv; `cancelled`
 */
export async function startScratchEtcd(options: ScratchOptions): Promise<ScratchEtcd> {
  const { programs, sizeBytes, folder, now, signal } = options
  await requireRoom(folder, sizeBytes + LOG_BYTES, 'to test-restore the backup')
  const data = path.join(folder, 'data')
  await restoreInto(data, options)
  const socketFolder = path.join(folder, 'run')
  await mkdir(socketFolder, { mode: 0o700 })
  const { tls, flags } = await makeDrillTls(socketFolder, now())
  const log = path.join(folder, 'etcd.log')
  await using output = await open(log, 'wx', 0o600)
  const words = Object.entries({
    name: 'drill',
    'data-dir': data,
    'listen-client-urls': `unixs://${CLIENT_SOCKET}`,
    'advertise-client-urls': `unixs://${CLIENT_SOCKET}`,
    'listen-peer-urls': PEER_URL,
    // Only etcd itself and the compaction write here. The quota just has to be large enough.
    'quota-backend-bytes': String(2 * sizeBytes + 1024 ** 3),
    ...flags,
  }).map(([flag, value]) => `--${flag}=${value}`)
  const child = spawn('setpriv', [...DIES_WITH_US, programs.etcd, ...words], {
    cwd: socketFolder,
    // In a process group of its own: quorate handles Ctrl-C on the terminal.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    env: ENVIRONMENT,
  })
  const ended = endOf(child)
  // The path through /proc is short, whatever the directory's name: a socket's path is limited to 107 bytes.
  const socketPath = `/proc/${child.pid ?? 0}/cwd/${CLIENT_SOCKET}`
  const client = connectMember({
    name: 'the restored keyspace',
    target: { socketPath },
    identity: DRILL_IDENTITY,
    tls,
    timeoutMs: PATIENCE_MS,
    signal,
  })
  const dispose = async () => {
    client.close()
    child.kill('SIGKILL')
    await ended
  }
  try {
    await untilItAnswers(client, child, { log, version: programs.version, ended, signal })
    return { client, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function restoreInto(
  data: string,
  { programs: { tool }, snapshotFile, signal }: ScratchOptions,
): Promise<void> {
  const flags = Object.entries({
    'data-dir': data,
    name: 'drill',
    'initial-cluster': `drill=${PEER_URL}`,
    'initial-advertise-peer-urls': PEER_URL,
    'initial-cluster-token': 'quorate-drill',
  }).map(([flag, value]) => `--${flag}=${value}`)
  const limits = { env: { ...ENVIRONMENT, ...toolEnvironment(tool) }, signal, timeoutMs: PATIENCE_MS }
  const { exitCode, stderr, notStarted } = await runProgram(
    'setpriv',
    [...DIES_WITH_US, tool.path, 'snapshot', 'restore', snapshotFile, ...flags],
    limits,
  ).catch((error: unknown) => {
    throw signal.aborted ? cancelled(error) : error
  })
  if (notStarted !== undefined) throw noSetpriv(notStarted)
  if (exitCode === 0) return
  const said = stderr.trim().split('\n').at(-1) ?? ''
  throw new QuorateError('backup', `${tool.name} can't restore the snapshot: ${said}`, {
    hint: 'take another backup now and test-restore it: this one is useless after a disaster',
  })
}

interface Waiting {
  readonly log: string
  readonly version: string
  /** Resolves when the process has ended; with the error if it could not be started. */
  readonly ended: Promise<Error | undefined>
  readonly signal: AbortSignal
}

async function untilItAnswers(client: MemberClient, child: ChildProcess, waiting: Waiting): Promise<void> {
  const { log, version, ended, signal } = waiting
  const late = async () => {
    const said = (await readFile(log, 'utf8')).trim().split('\n').slice(-LOG_LINES).join('\n')
    throw new QuorateError('backup', `etcd ${version} does not start with the restored data:\n${said}`, {
      hint: 'take another backup now and test-restore it: this one is useless after a disaster',
    })
  }
  const look = async (): Promise<Looked<void, undefined>> => {
    if (child.pid === undefined) throw noSetpriv(String((await ended)?.message))
    if (child.exitCode !== null || child.signalCode !== null) await late()
    try {
      const { leader } = await client.call(Maintenance.method.status, {}, { timeoutMs: ANSWER_MS })
      if (leader !== 0n) return { found: undefined }
    } catch {
      // Not ready yet. If it never is, the exit of the process or the deadline is reported above.
      if (signal.aborted) throw cancelled(signal.reason)
    }
    return { missing: undefined }
  }
  // Without the signal: it ends the process, and the code above reports what that means.
  await until(look, { ms: PATIENCE_MS, everyMs: PAUSE_MS, signal: undefined, wake: ended, late })
}

async function endOf(child: ChildProcess): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    child.once('error', resolve)
    child.once('exit', () => resolve(undefined))
  })
}

function noSetpriv(why: string): QuorateError {
  return new QuorateError('state', `can't run setpriv, which a test restore needs to start etcd: ${why}`, {
    hint: 'install the package util-linux',
  })
}

function cancelled(cause: unknown): QuorateError {
  return new QuorateError('cancelled', 'test restore canceled; its files were removed', { cause })
}
