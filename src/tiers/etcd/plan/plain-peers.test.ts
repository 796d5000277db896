/** From peers with http to peers with TLS: in two rolling restarts, and always connected. */
import { expect, test } from 'vitest'
import { parseEnvironmentFile, renderEnvironmentFile } from '../../../etcd/environment-file.ts'
import { PATHS } from '../../../host/state.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { peersForNow } from './plain-peers.ts'
import { plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import type { Step } from '../steps/steps.ts'
import {
  BARE_MEMBER,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withFile,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster({}, { plaintextClients: true })
const intent = testIntent(cluster)
const names = cluster.nodes.map(({ name }) => name)

/** A cluster that was set up without certificates. */
function plainWorld(): Observed {
  const settled = settledWorld(cluster)
  const bare = withMembers(settled, (member) => {
    const before = parseEnvironmentFile(member.contents[PATHS.environment] ?? '')
    const kept = Object.entries(before).filter(([name]) => !/_FILE$|CERT_AUTH$/.test(name))
    const environment = Object.fromEntries(
      kept.map(([name, value]) => [
        name,
        value.replace(/https:\/\/[^,]*,(?=http:)/g, '').replaceAll('https:', 'http:'),
      ]),
    )
    return {
      ...withFile(PATHS.environment, renderEnvironmentFile(environment))(member),
      tls: { certificates: {}, keys: {}, ca: undefined, mark: undefined, pending: {} },
      unit: { ...member.unit, environment },
    }
  })
  const missing = [{ code: 'missing', message: 'is missing' }] as const
  const facts = healthyCluster(cluster)
  return {
    ...bare,
    certificates: Object.fromEntries(names.map((name) => [name, { etcd: missing }])),
    cluster: {
      ...facts,
      members: facts.members.map((member) => ({
        ...member,
        peerUrls: member.peerUrls.map((url) => url.replace('https:', 'http:')),
      })),
    },
  }
}

const after = (world: Observed, steps: readonly Step[]): Observed =>
  steps.reduce((state, step) => predict(cluster, state, step), world)

const running = (world: Observed, name: string, key: string) =>
  world.hosts[name]?.member?.unit.environment?.[key] ?? ''

const restartsAndMoves = (steps: readonly Step[]) =>
  steps.flatMap((step) => {
    if (step.kind === 'restart') return [`restart ${step.host}`]
    return step.kind === 'member-update' ? [`move ${step.node}`] : []
  })

test('all get certificates, all are restarted with them, and then each moves to https by itself', () => {
  const { waves, blocked } = plan(intent, plainWorld())
  expect(blocked).toEqual([])
  expect(waves.map(restartsAndMoves).filter((wave) => wave.length > 0)).toEqual([
    ['restart etcd02'],
    ['restart etcd03'],
    ['restart etcd01'],
    ['move etcd01', 'restart etcd01'],
    ['move etcd03', 'restart etcd03'],
    ['move etcd02', 'restart etcd02'],
  ])
})

test('whatever is done, no member is at https if a running member could not call it there', () => {
  for (const start of [plainWorld(), ...halves()]) {
    let world = start
    for (const step of plan(intent, start).waves.flat()) {
      world = after(world, [step])
      const moved = world.cluster?.members.some(({ peerUrls }) => peerUrls[0]?.startsWith('https:')) ?? false
      const able = names.every((name) => running(world, name, 'ETCD_PEER_CERT_FILE') !== '')
      expect([step.what, moved && !able]).toEqual([step.what, false])
    }
    for (const name of names) {
      expect(running(world, name, 'ETCD_LISTEN_PEER_URLS')).toMatch(/^https:/)
      expect(running(world, name, 'ETCD_LISTEN_CLIENT_URLS')).toMatch(/^https:[^,]*,http:/)
    }
    expect(next(intent, world)).toEqual({ kind: 'done' })
  }
})

/** The states in which a run may have been interrupted: after each of its steps. */
function halves(): readonly Observed[] {
  const steps = plan(intent, plainWorld()).waves.flat()
  return steps.map((_step, index) => after(plainWorld(), steps.slice(0, index + 1)))
}

test('if all are down and none can be asked, each is started where its own settings say that it is found', () => {
  for (const half of halves()) {
    const down = withMembers({ ...half, cluster: undefined }, stopped)
    const told = down.hosts
    const plain = peersForNow(cluster, down).nodes.filter(({ plainPeer }) => plainPeer === true)
    expect(plain.map(({ name }) => name)).toEqual(
      names.filter((name) =>
        told[name]?.member?.contents[PATHS.environment]?.includes('ADVERTISE_PEER_URLS=http:'),
      ),
    )
  }
})

test('with nothing that says it, nothing is started', () => {
  const down = withMembers({ ...plainWorld(), cluster: undefined }, stopped)
  const lost = withMember(down, 'etcd02', withFile(PATHS.environment, undefined))
  expect(reasonsOf(next(intent, lost))).toMatchObject([{ id: 'unknown-peer-scheme', host: 'etcd02' }])
})

test('one that never got certificates keeps all others at http', () => {
  const half = after(plainWorld(), plan(intent, plainWorld()).waves.slice(0, 4).flat())
  const back = withMember(half, 'etcd02', ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ETCD_PEER_CERT_FILE: '' } },
  }))
  expect(peersForNow(cluster, back).nodes.every(({ plainPeer }) => plainPeer === true)).toBe(true)
})

test('one that joins during that time is found at http like the others, and moves with them', () => {
  const world = withMember(plainWorld(), 'etcd03', BARE_MEMBER)
  const facts = world.cluster ?? healthyCluster(cluster)
  const two = facts.members.filter(({ name }) => name !== 'etcd03')
  const started = { ...facts, members: two, healthy: two.map(({ name }) => name) }
  const { waves, blocked } = plan(intent, { ...world, cluster: started })
  expect(blocked).toEqual([])
  const steps = waves.flat()
  const joins = steps.findIndex(({ kind }) => kind === 'member-add')
  expect(steps[joins]).toMatchObject({ node: 'etcd03', peerUrls: ['http://192.168.0.3:2380'] })
  const moves = steps.flatMap((step, at) => (step.kind === 'member-update' ? [[step.node, at > joins]] : []))
  expect(Object.fromEntries(moves)).toEqual(Object.fromEntries(names.map((name) => [name, true])))
})

test('http is dropped with the key, by restarts that say so', () => {
  const strict = testCluster()
  const { waves, blocked } = plan(testIntent(strict), settledWorld(cluster))
  expect(blocked).toEqual([])
  const restarts = waves.flat().filter((step) => step.kind === 'restart')
  expect(restarts.map(({ host }) => host)).toEqual(['etcd02', 'etcd03', 'etcd01'])
  expect(restarts[0]).toMatchObject({
    closes: ['http://192.168.0.2:2379', 'http://127.0.0.1:2379'],
    what: expect.stringContaining('closing the client URL http://192.168.0.2:2379') as string,
  })
})
