/** The content of a cluster that matters to quorate: whether etcd's own users are active, and flannel's network. */
import { QuorateError } from '../errors.ts'
import { usesAuthentication } from '../etcd/authentication.ts'
import type { MemberClient } from '../etcd/client.ts'
import { connectMemberV2 } from '../etcd/v2.ts'
import { type StoredNetwork, readNetwork } from '../flannel/store.ts'
import { readNetworkV2 } from '../flannel/store-v2.ts'
import { DEFAULTS } from '../spec/defaults.ts'
import type { ClusterFile } from '../spec/schema.ts'
import type { Bridge } from './bridge.ts'
import { type Settings, flagIs } from './settings.ts'

export interface Contents {
  /** etcd requires a user for every request. */
  readonly authentication: boolean
  /** flannel's configuration, as the cluster file accepts it; undefined: missing or invalid. */
  readonly network: ClusterFile['network']
}

export interface Answering {
  readonly client: MemberClient
  readonly bridge: Bridge
  readonly settings: Settings
  /** As the member reports it. */
  readonly version: string
}

/** Asks one member: reads are linearizable, so its answer is valid for all. */
export async function readContents(
  { client, bridge, settings, version }: Answering,
  signal: AbortSignal,
): Promise<Contents> {
  if ((await usesAuthentication(client, signal)) === true) return { authentication: true, network: undefined }
  const served =
    flagIs(settings, 'enable-v2') || (version.startsWith('3.3.') && settings['enable-v2'] === undefined)
  const [v3, v2] = await Promise.all([
    orNothing(async () => await readNetwork(client, DEFAULTS.network.prefix, signal)),
    served ? orNothing(async () => await readV2(client.name, bridge, signal)) : undefined,
  ])
  const text = v3?.canonical ?? v2?.canonical
  if (text === undefined) return { authentication: false, network: undefined }
  const config = JSON.parse(text) as NonNullable<ClusterFile['network']>
  return { authentication: false, network: v2 === undefined ? config : { v2: true, ...config } }
}

async function readV2(name: string, bridge: Bridge, signal: AbortSignal): Promise<StoredNetwork | undefined> {
  const target = { socketPath: bridge.http }
  const client = connectMemberV2({ name, target, identity: '127.0.0.1', tls: undefined, signal })
  try {
    return await readNetworkV2(client, DEFAULTS.network.prefix)
  } finally {
    await client.close()
  }
}

/** A cluster that can't be read is not healthy, and is reported as that. */
async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'etcd') return undefined
    throw error
  }
}
