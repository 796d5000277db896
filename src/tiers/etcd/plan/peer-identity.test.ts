import { describe, expect, test } from 'vitest'
import { PEER_IDENTITY } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile, renderEnvironmentFile } from '../../../etcd/environment-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { sampleNode } from '../../../etcd/sample.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import { requestConfiguration } from './certificates.ts'
import { grown, neverStarted } from './members.fixture.ts'
import { next } from './next.ts'
import type { CertificateFault, Observed } from '../facts/observed.ts'
import { mayLackMemberName } from './peer-identity.ts'
import { plan } from './plan.ts'
import { nextRenewal } from '../../../verbs/certificates/decide-renewal.ts'
import {
  BUNDLE,
  bareWorld,
  formingWorld,
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from './testing.ts'
import type { Step } from '../steps/steps.ts'

const cluster = testCluster()
const offline = testCluster({
  pki: { ...cluster.pki, authority: { home: 'offline', certificate: '/ca.crt' } },
})
const DEMAND = `${PEER_IDENTITY}=${memberName('sample')}`
const NAMELESS: CertificateFault = { code: 'member-name', message: 'lacks its name' }
const UNSIGNED: CertificateFault = { code: 'member-name-unsigned', message: 'lacks its name' }

/** A member from before members had a name: neither its process nor its options require one. */
function old({ unit, contents }: MemberState): Partial<MemberState> {
  const { [PEER_IDENTITY]: _process, ...environment } = unit.environment ?? {}
  const { [PEER_IDENTITY]: _file, ...options } = parseEnvironmentFile(contents[PATHS.environment] ?? '')
  return {
    unit: { ...unit, environment },
    contents: { ...contents, [PATHS.environment]: renderEnvironmentFile(options) },
  }
}

function lacking(world: Observed, hosts: readonly string[], fault = NAMELESS): Observed {
  const faulty = hosts.map((host) => [host, { etcd: [fault] }] as const)
  return { ...world, certificates: { ...world.certificates, ...Object.fromEntries(faulty) } }
}

const ALL = ['etcd01', 'etcd02', 'etcd03']
const oldWorld = withMembers(settledWorld(cluster), old)

function kinds(waves: readonly (readonly Step[])[]): string[][] {
  return waves.map((steps) => steps.map(({ kind, host }) => `${kind}${host === undefined ? '' : ` ${host}`}`))
}

/** The hosts whose options would require the name, as these steps write them. */
function demandedOn(steps: readonly Step[]): string[] {
  return steps.flatMap((step) =>
    step.kind === 'file' && step.path === PATHS.environment && step.content.includes(DEMAND)
      ? [step.host]
      : [],
  )
}

describe('a new cluster', () => {
  test('has the name in every request among peers, and demands it from the first start on', () => {
    const first = stepsOf(next(testIntent(cluster), bareWorld(cluster)))
    expect(demandedOn(first)).toEqual(ALL)
    const requests = first.flatMap((step) => (step.kind === 'key' ? [step.configuration] : []))
    expect(requests).toHaveLength(3)
    for (const text of requests) expect(text).toContain(memberName('sample'))
  })

  test('of separate certificates has it in those for peers alone', () => {
    const separate = testCluster({ pki: { ...cluster.pki, layout: 'separate' } })
    const [node] = separate.nodes
    const seen = { hosts: {}, authority: { bundle: undefined } }
    const texts = (['peer', 'server'] as const).map((name) =>
      requestConfiguration(separate, node!, name, seen),
    )
    expect(texts.map((text) => text.includes(memberName('sample')))).toEqual([true, false])
  })

  test("requires nothing if this etcd can't: its log would have a warning, and no connection would be refused", () => {
    const early = testCluster({}, { version: '3.3.25' })
    expect(demandedOn(stepsOf(next(testIntent(early), bareWorld(early))))).toEqual([])
  })

  test('nor before an offline CA has signed the names that it will start with', () => {
    const missing: CertificateFault = { code: 'missing', message: 'is missing' }
    const faults = (...own: CertificateFault[]) =>
      Object.fromEntries(ALL.map((host) => [host, { etcd: own }] as const))
    const unsigned = { ...bareWorld(offline), certificates: faults(missing, UNSIGNED) }
    expect(demandedOn(stepsOf(next(testIntent(offline), unsigned)))).toEqual([])
    const signed = { ...bareWorld(offline), certificates: faults(missing) }
    expect(demandedOn(stepsOf(next(testIntent(offline), signed)))).toEqual(ALL)
  })

  test('nor where the CA may not sign the name, which is left out of the requests', () => {
    const world = { ...bareWorld(cluster), authority: { bundle: BUNDLE, forbidsMemberName: true } }
    const first = stepsOf(next(testIntent(cluster), world))
    expect(demandedOn(first)).toEqual([])
    expect(JSON.stringify(first)).not.toContain(memberName('sample'))
  })
})

describe('a cluster from before', () => {
  test('gets all certificates first, for the same keys, and then one restart after the other', () => {
    const { waves } = plan(testIntent(cluster), lacking(oldWorld, ALL))
    expect(kinds(waves)).toEqual([
      ALL.map((host) => `key ${host}`),
      ALL.map((host) => `certificates ${host}`),
      ['compare', 'file etcd02', 'restart etcd02'],
      ['compare', 'file etcd03', 'restart etcd03'],
      ['compare', 'move-leader'],
      ['compare', 'file etcd01', 'restart etcd01'],
    ])
    expect(waves.flat().flatMap((step) => (step.kind === 'key' ? [step.keep] : []))).toEqual([
      true,
      true,
      true,
    ])
    expect(waves.flatMap((steps) => demandedOn(steps))).toEqual(['etcd02', 'etcd03', 'etcd01'])
  })

  test.each([
    ['was not seen with the name', lacking(oldWorld, ['etcd03'], UNSIGNED)],
    ['can not be read', lacking(oldWorld, ['etcd03'], { code: 'unreadable', message: 'is no certificate' })],
    [
      'is not the one that its process shows',
      withMember(oldWorld, 'etcd03', ({ unit }) => ({
        unit: {
          ...unit,
          environment: { ...unit.environment, ETCD_PEER_CERT_FILE: '/etc/kubernetes/pki/etcd/peer.crt' },
        },
      })),
    ],
  ])('demands nothing while a certificate %s', (_what, world) => {
    const steps = stepsOf(next(testIntent(offline), withPending(world)))
    expect(demandedOn(steps)).toEqual([])
  })

  test('demands nothing while the cluster knows a member that the file does not name', () => {
    const stranger = {
      id: '9',
      name: 'etcd09',
      peerUrls: ['https://192.168.0.9:2380'],
      clientUrls: ['https://192.168.0.9:2379'],
      learner: false,
    }
    const facts = healthyCluster(cluster)
    const world = { ...oldWorld, cluster: { ...facts, members: [...facts.members, stranger] } }
    const steps = stepsOf(next(testIntent(cluster), world))
    expect(demandedOn(steps)).toEqual([])
    expect(glance(steps)).toContain('member-remove')
  })

  test('lets a new member require nothing while one is to leave, also if the file removes another one', () => {
    const { nodes } = cluster
    const wanted = testCluster({
      nodes: [{ ...nodes[1]!, address: nodes[0]!.address }, nodes[2]!, sampleNode('etcd08', '192.168.0.8')],
    })
    const grew = grown(cluster, wanted, [neverStarted(wanted, 'etcd08')])
    const { etcd02, etcd03 } = oldWorld.hosts
    const world: Observed = { ...grew, hosts: { ...grew.hosts, etcd02: etcd02!, etcd03: etcd03! } }
    const { waves } = plan(testIntent(wanted), world)
    const start = waves.find((steps) => glance(steps).includes('etcd08 start')) ?? []
    expect(glance(start)).toContain(`etcd08 file ${PATHS.environment}`)
    expect(demandedOn(start)).toEqual([])
  })

  test('requires nothing while no member answers that could name all members', () => {
    const world = withMembers({ ...oldWorld, cluster: undefined }, stopped)
    expect(demandedOn(stepsOf(next(testIntent(cluster), world)))).toEqual([])
  })

  test('with an offline CA continues unchanged until that has signed the names, and is asked for them', () => {
    const world = lacking(oldWorld, ALL, UNSIGNED)
    expect(next(testIntent(offline), world)).toEqual({ kind: 'done' })
    const asked = stepsOf(next(testIntent(offline, 'requests'), world))
    expect(asked.map(({ kind }) => kind)).toEqual(['key', 'key', 'key'])
    expect(mayLackMemberName(offline, world.hosts)).toBe(true)
    const due = { kind: 'renew', cluster: offline, due: [] } as const
    expect(nextRenewal(due, world)).toEqual({ kind: 'done' })
  })
})

describe('members that demand the name', () => {
  const settled = settledWorld(cluster)

  test('keep doing so while one of them is not seen with it: it gets it, and no member is restarted', () => {
    const { waves } = plan(testIntent(cluster), lacking(settled, ['etcd02']))
    expect(kinds(waves)).toEqual([['key etcd02'], ['certificates etcd02']])
  })

  test('are started only when another one has it again, whose certificate lost it', () => {
    const world = withMember(lacking(settled, ['etcd02']), 'etcd01', stopped)
    expect(kinds(plan(testIntent(cluster), world).waves)).toEqual([
      ['key etcd02'],
      ['certificates etcd02'],
      ['start etcd01', 'ready etcd01'],
    ])
    // No other member would be rejected: a member's own certificate comes right before its start.
    const own = withMember(lacking(settled, ['etcd01']), 'etcd01', stopped)
    expect(kinds(plan(testIntent(cluster), own).waves)).toEqual([
      ['key etcd01'],
      ['certificates etcd01', 'start etcd01', 'ready etcd01'],
    ])
  })

  test('are started after one that runs with certificates of another layout, whose new one they do not have to know', () => {
    const separate = testCluster({ pki: { ...cluster.pki, layout: 'separate' } })
    const before = withMembers(formingWorld(separate), stopped)
    const other = withMember(before, 'etcd02', ({ unit }) => ({
      unit: { ...unit, active: 'activating', environment: { [PEER_IDENTITY]: memberName('sample') } },
    }))
    const missing: CertificateFault = { code: 'missing', message: 'is missing' }
    const certificates = Object.fromEntries(ALL.map((host) => [host, { peer: [missing], server: [missing] }]))
    const starts = (world: Observed) =>
      kinds(plan(testIntent(separate), { ...world, cluster: undefined, certificates }).waves).findIndex(
        (wave) => wave.includes('start etcd01'),
      )
    expect(starts(other)).toBe(starts(before) + 1)
  })

  test('make it needed from an offline CA as well', () => {
    expect(mayLackMemberName(offline, settled.hosts)).toBe(false)
    // Also if none of them runs: they would require it when they start.
    expect(mayLackMemberName(offline, withMembers(settled, stopped).hosts)).toBe(false)
    const steps = stepsOf(next(testIntent(offline), lacking(settled, ['etcd02'], UNSIGNED)))
    expect(glance(steps)).toEqual(['etcd02 key'])
  })

  test('stop it before a CA that may not sign the name issues anything', () => {
    const world: Observed = {
      ...lacking(settled, ALL, { code: 'expires-soon', message: 'expires' }),
      authority: { bundle: BUNDLE, forbidsMemberName: true },
    }
    const { waves } = plan(testIntent(cluster), world)
    const flat = kinds(waves).flat()
    expect(flat.filter((step) => step.startsWith('restart'))).toHaveLength(3)
    expect(flat.indexOf('certificates etcd01')).toBeGreaterThan(flat.lastIndexOf('restart etcd01'))
    expect(waves.flatMap((steps) => demandedOn(steps))).toEqual([])
    const due = ALL.map((host) => ({ host, name: 'etcd', pem: 'certificate etcd', why: 'is old' }) as const)
    expect(reasonsOf(nextRenewal({ kind: 'renew', cluster, due }, world))).toMatchObject([
      { message: expect.stringContaining('name constraints') },
    ])
  })

  test('do not start to during the rollback of an upgrade', () => {
    const back = { ...testIntent(cluster), upgrade: { canarySeconds: 0, back: true } }
    expect(next(back, oldWorld)).toEqual({ kind: 'done' })
    expect(demandedOn(stepsOf(next(testIntent(cluster), oldWorld)))).toEqual(['etcd02'])
  })

  test('leave peers alone of whose common names the file asks something: etcd takes one of the two', () => {
    const own: Cluster = testCluster({}, { settings: { 'peer-cert-allowed-cn': 'etcd' } })
    const first = stepsOf(next(testIntent(own), bareWorld(own)))
    expect(demandedOn(first)).toEqual([])
  })
})

/** A setting that makes every member restart, so that there is a step to check. */
function withPending(world: Observed): Observed {
  return withMembers(world, ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ETCD_LOGGER: 'capnslog' } },
  }))
}
