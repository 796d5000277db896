import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import {
  DowngradeRequest_DowngradeAction as Action,
  DowngradeResponseSchema,
  StatusResponseSchema,
} from '../../../etcd/gen/maintenance_pb.ts'
import { sampleCluster } from '../../../etcd/sample.ts'
import { healthyCluster, settledWorld } from '../plan/testing.ts'
import type { DowngradeStep } from '../steps/downgrade.ts'
import { awaitDowngradeEnd, runDowngrade } from './downgrade.ts'
import type { Session } from '../session.ts'

interface Etcd {
  versions: Record<string, string>
  storage: string
  target: string | undefined
  /** The number of observations after which etcd's automatic part is done. */
  patience: number
  /** The answer to the request that enables it is lost. */
  deaf?: boolean
  readonly asked: string[]
}

const ACTIONS = ['VALIDATE', 'ENABLE', 'CANCEL'] as const

const cluster = sampleCluster({ version: '3.5.35' })
const NAMES = ['etcd01', 'etcd02', 'etcd03']

function etcd(version: string, changes: Partial<Etcd> = {}): Etcd {
  const versions = Object.fromEntries(NAMES.map((name) => [name, version]))
  return { versions, storage: '3.6.0', target: undefined, patience: 2, asked: [], ...changes }
}

function clientOf(world: Etcd, name: string): MemberClient {
  const refuse = (code: Code) =>
    new QuorateError('etcd', 'refused', { host: name, cause: new ConnectError('no', code) })
  const call = async (_method: unknown, request: { action?: Action; version?: string }) => {
    await Promise.resolve()
    if (request.action === undefined) {
      if (name === 'etcd01' && world.target !== undefined && (world.patience -= 1) <= 0) {
        if (Object.values(world.versions).every((one) => one.startsWith('3.5'))) world.target = undefined
        else world.storage = world.target
      }
      const version = world.versions[name] ?? ''
      const older = version.startsWith('3.5')
      const info = { enabled: world.target !== undefined, targetVersion: world.target ?? '' }
      return create(StatusResponseSchema, {
        version,
        ...(older ? {} : { storageVersion: world.storage, downgradeInfo: info }),
      })
    }
    world.asked.push(`${name} ${ACTIONS[request.action]} ${request.version ?? ''}`.trim())
    if (request.action === Action.CANCEL) world.target = undefined
    else if (world.target !== undefined) throw refuse(Code.FailedPrecondition)
    else if (request.action === Action.ENABLE) {
      world.target = request.version
      if (world.deaf === true) throw refuse(Code.Unavailable)
    }
    return create(DowngradeResponseSchema, {})
  }
  return { name, call } as unknown as MemberClient
}

/** Carries out a step on it. */
async function carryOut(world: Etcd, kind: DowngradeStep['kind']): Promise<void> {
  const session = {
    cluster,
    signal: new AbortController().signal,
    members: async (nodes: readonly { readonly name: string }[]) =>
      await Promise.resolve(nodes.map(({ name }) => clientOf(world, name))),
  } as unknown as Session
  const observed = { ...settledWorld(cluster), cluster: healthyCluster(cluster, { leader: 'etcd02' }) }
  await runDowngrade(session, observed, { kind, target: '3.5', what: '', why: '', danger: 'none' })
}

test('the leader is asked to validate it, and then to enable it', async () => {
  const world = etcd('3.6.16')
  await carryOut(world, 'downgrade-enable')
  expect(world.asked).toEqual(['etcd02 VALIDATE 3.5.0', 'etcd02 ENABLE 3.5.0'])
})

test('it may be enabled although the answer is lost, or not', async () => {
  await carryOut(etcd('3.6.16', { deaf: true }), 'downgrade-enable')
  await expect(carryOut(etcd('3.6.16', { target: '3.4.0' }), 'downgrade-enable')).rejects.toMatchObject({
    code: 'moved',
  })
})

test('waits for the data of all members; not if the downgrade is canceled elsewhere', async () => {
  const world = etcd('3.6.16', { target: '3.5.0' })
  await carryOut(world, 'downgrade-await')
  expect(world.storage).toBe('3.5.0')
  await expect(carryOut(etcd('3.6.16'), 'downgrade-await')).rejects.toMatchObject({ code: 'moved' })
})

test('canceled means that no member says otherwise', async () => {
  const world = etcd('3.6.16', { target: '3.5.0' })
  await carryOut(world, 'downgrade-cancel')
  expect(world).toMatchObject({ target: undefined, asked: ['etcd02 CANCEL'] })
})

test('the end is waited for also where members of 3.5 do not speak of it', async () => {
  const world = etcd('3.5.35', { target: '3.5.0' })
  const clients = NAMES.map((name) => clientOf(world, name))
  await awaitDowngradeEnd(clients, '3.5', new AbortController().signal)
  expect(world.target).toBeUndefined()
  expect(world.asked.length).toBeGreaterThan(1)
})
