/** What runs on one node: every etcd process that could be a member, with a connection to ask it. */
import { QuorateError } from '../errors.ts'
import { type MemberClient, connectMember } from '../etcd/client.ts'
import { USAGE_OIDS } from '../pki/profile.ts'
import type { BlockReason } from '../engine/step.ts'
import type { Remote } from '../ssh/remote.ts'
import { absence, unreadable } from './absence.ts'
import { type Bridge, type MemberDoor, openBridge } from './bridge.ts'
import { type MemberFiles, lookAtFiles, pathIn } from './files.ts'
import { type Destination, clientListeners, leafOf, servesLoopback } from './member.ts'
import { passesOn } from './role.ts'
import { type Settings, settingsOf } from './settings.ts'
import { type EtcdProcess, type MachineFacts, lookForEtcd } from './machine-facts.ts'

/** An etcd process, and a connection to ask it. */
export interface Found {
  readonly destination: Destination
  readonly remote: Remote
  readonly facts: MachineFacts
  readonly process: EtcdProcess
  readonly settings: Settings
  readonly files: MemberFiles
  readonly bridge: Bridge
  readonly client: MemberClient
}

export interface Visit {
  readonly destination: Destination
  readonly facts: MachineFacts
  /** In the order of their process IDs; if empty, `troubles` says why. */
  readonly found: readonly Found[]
  readonly troubles: readonly BlockReason[]
}

/** How long a member may take to answer, in ms. */
const ANSWER_MS = 5_000

/** @throws QuorateError of a node that can't be inspected */
export async function visit(destination: Destination, remote: Remote, signal: AbortSignal): Promise<Visit> {
  const { host } = destination
  const facts = await lookForEtcd(remote, signal)
  const found: Found[] = []
  const troubles: BlockReason[] = []
  for (const process of facts.processes) {
    const settings = settingsOrTrouble(host, process)
    if ('message' in settings) troubles.push(settings)
    else if (passesOn(process, settings.settings) === undefined) {
      const own = { destination, remote, facts, process, settings: settings.settings }
      found.push(await connect(own, signal))
    }
  }
  if (found.length === 0 && troubles.length === 0) troubles.push(absence(host, facts))
  return { destination, facts, found, troubles }
}

export async function closeFound(found: readonly Found[]): Promise<void> {
  for (const { client } of found) client.close()
  await Promise.allSettled(found.map(async ({ bridge }) => await bridge[Symbol.asyncDispose]()))
}

function settingsOrTrouble(
  host: string,
  process: EtcdProcess,
): { readonly settings: Settings } | BlockReason {
  if (process.configuration === '')
    return unreadable(host, process, 'it is missing, empty or not a regular file')
  try {
    return { settings: settingsOf(process) }
  } catch (error) {
    if (error instanceof QuorateError) return unreadable(host, process, error.message)
    throw error
  }
}

async function connect(own: Omit<Found, 'files' | 'bridge' | 'client'>, signal: AbortSignal): Promise<Found> {
  const { destination, remote, process, settings } = own
  const files = await lookAtFiles(remote, process, settings, signal)
  const bridge = await openBridge(remote, doorOf(process, settings, files), signal)
  const client = connectMember({
    name: destination.host,
    target: { socketPath: bridge.grpc },
    identity: '127.0.0.1',
    tls: undefined,
    timeoutMs: ANSWER_MS,
    signal,
  })
  return { ...own, files, bridge, client }
}

/** Prefers TLS: a listener without it may serve something else. */
function doorOf(process: EtcdProcess, settings: Settings, files: MemberFiles): MemberDoor {
  const listeners = clientListeners(settings)
  // A certificate for servers only isn't accepted from a client; the one for peers is always valid for both.
  const role = isForClients(files.server) ? '' : 'peer-'
  const certificate = pathIn(process, settings[`${role}cert-file`])
  const key = pathIn(process, settings[`${role}key-file`])
  const listener =
    listeners.find(({ tls }) => tls && certificate !== undefined) ?? listeners.find(({ tls }) => !tls)
  const { address = '127.0.0.1', port = 2379, tls = false } = listener ?? {}
  const dialled = servesLoopback({ tls, address, port }) ? '127.0.0.1' : address
  if (!tls || certificate === undefined || key === undefined)
    return { address: dialled, port, tls: undefined }
  const ca = pathIn(process, settings['trusted-ca-file'])
  return { address: dialled, port, tls: { pid: process.pid, ca, certificate, key } }
}

function isForClients(file: MemberFiles['server']): boolean {
  const usages = leafOf(file)?.keyUsage
  return usages === undefined || usages.includes(USAGE_OIDS.clientAuth)
}
