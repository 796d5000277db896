/** A rotation of the CA, as the planner sees it: trusted on every node before it issues anything. */
import { describe, expect, test } from 'vitest'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { fingerprintsOf, firstFingerprint, trustMarkFile } from '../../../pki/trust-mark.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import {
  glance,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster()
const intent = testIntent(cluster)
const reissue = { ...intent, reissue: true }
const [OLD, NEW] = ['old', 'new'].map(
  (name) => `-----BEGIN CERTIFICATE-----\n${btoa(`the ${name} CA`)}\n-----END CERTIFICATE-----\n`,
) as [string, string]

/** Members that trust `told` since their start and in their files, while they should trust `bundle`. */
function world(bundle: string, told: string, signedBy: 'present' | 'old' | 'foreign'): Observed {
  const code = signedBy === 'old' ? 'old-issuer' : 'issuer'
  const faults = signedBy === 'present' ? [] : [{ code, message: 'CN=x' } as const]
  const settled = settledWorld(cluster)
  return {
    ...withMembers(settled, ({ tls, unit }) => ({
      tls: { ...tls, ca: told, mark: trustMarkFile(told) },
      unit: { ...unit, environment: { ...unit.environment, ...parseEnvironmentFile(trustMarkFile(told)) } },
    })),
    authority: { bundle },
    certificates: Object.fromEntries(
      Object.keys(settled.certificates).map((host) => [host, { etcd: faults }]),
    ),
  }
}

/** The kinds of each stage in order, without hosts and details. */
function kinds(observed: Observed, asked = intent): string[] {
  const { waves, blocked } = plan(asked, observed)
  expect(blocked).toEqual([])
  return waves.map((wave) => [...new Set(wave.map(({ kind }) => kind))].join('+'))
}

test('fingerprints distinguish certificates, but neither order nor repetition', () => {
  expect(fingerprintsOf(OLD + NEW)).toEqual(fingerprintsOf(NEW + OLD + NEW))
  expect(fingerprintsOf(OLD)).not.toEqual(fingerprintsOf(NEW))
  expect(fingerprintsOf(NEW + OLD)).toHaveLength(2)
  expect([firstFingerprint(NEW + OLD)]).toEqual(fingerprintsOf(NEW))
})

describe('a new CA that signs from now on', () => {
  const started = world(NEW + OLD, OLD, 'old')

  test('is trusted first: bundles, then restarts one by one with the leader last; only then comes a certificate', () => {
    const trust = ['ca', 'compare+restart', 'compare+restart', 'compare+move-leader', 'compare+restart']
    expect(kinds(started, reissue)).toEqual([...trust, 'key', 'certificates'])
    // From then on clients need the new CA, so `apply` doesn't decide that.
    expect(kinds(started)).toEqual(trust)
    const restarts = plan(intent, started).waves.flatMap((wave) =>
      wave.filter(({ kind }) => kind === 'restart'),
    )
    expect(restarts.map(({ host }) => host)).toEqual(['etcd02', 'etcd03', 'etcd01'])
  })

  test('signs nothing while one member that runs does not trust it, whatever else is due', () => {
    const told = world(NEW + OLD, NEW + OLD, 'old')
    const one = withMember(told, 'etcd03', ({ unit }) => ({
      unit: { ...unit, environment: { ...unit.environment, QUORATE_CA: fingerprintsOf(OLD).join() } },
    }))
    const missing = {
      ...one,
      certificates: {
        ...one.certificates,
        etcd02: { etcd: [{ code: 'missing', message: 'is missing' } as const] },
      },
    }
    expect(glance(stepsOf(next(reissue, missing))).filter((step) => /key|certificates/.test(step))).toEqual(
      [],
    )
    expect(glance(stepsOf(next(reissue, told)))).toEqual(['etcd01 key', 'etcd02 key', 'etcd03 key'])
  })

  test('waits for no member that is stopped: it reads the new bundle when it starts', () => {
    const told = withMember(world(NEW + OLD, NEW + OLD, 'old'), 'etcd02', (member) => ({
      ...stopped(member),
      tls: { ...member.tls, ca: OLD, mark: trustMarkFile(OLD) },
    }))
    expect(glance(stepsOf(next(reissue, told)))).toContain('etcd02 key')
  })

  test('stops if a certificate has expired since: neither CA can renew it', () => {
    const expired = {
      ...started,
      certificates: {
        ...started.certificates,
        etcd02: {
          etcd: [{ code: 'old-issuer', message: '' } as const, { code: 'expired', message: '' } as const],
        },
      },
    }
    expect(reasonsOf(next(intent, expired))).toMatchObject([
      {
        id: 'certificate-expired-in-rotation',
        host: 'etcd02',
        hint: expect.stringMatching(/rotate-ca --abort/),
      },
    ])
  })

  test("is refused if the members' certificates are from a CA that no member would trust any more", () => {
    const reasons = reasonsOf(next(intent, world(NEW, OLD, 'foreign')))
    expect(reasons[0]).toMatchObject({ host: 'etcd01', hint: expect.stringMatching(/rotate-ca/) })
  })
})

describe('the old CA', () => {
  const finishing = world(NEW, NEW + OLD, 'present')

  test('is not dropped by an apply that does not know it: a rotation may be in progress', () => {
    expect(reasonsOf(next(intent, finishing))).toHaveLength(3)
    expect(reasonsOf(next(intent, finishing))[0]).toMatchObject({
      id: 'unknown-ca',
      message: expect.stringMatching(/SHA-256 [0-9a-f]+/),
      hint: expect.stringMatching(/rotate-ca --finish/),
    })
  })

  test('is dropped on request: bundles, and restarts one by one', () => {
    expect(kinds(finishing, { ...intent, dropTrust: true })).toEqual([
      'ca',
      'compare+restart',
      'compare+restart',
      'compare+move-leader',
      'compare+restart',
    ])
  })

  test('an edit of a bundle by hand has no effect: it is reverted, without a restart', () => {
    const edited = withMember(world(NEW, NEW, 'present'), 'etcd02', ({ tls }) => ({
      tls: { ...tls, ca: NEW + OLD },
    }))
    expect(kinds(edited)).toEqual(['ca'])
  })
})

test('members that were started before there were marks are restarted to carry one', () => {
  const bare = withMembers(world(NEW, NEW, 'present'), ({ unit }) => {
    const { QUORATE_CA: _mark, ...environment } = unit.environment ?? {}
    return { unit: { ...unit, environment } }
  })
  expect(kinds(bare).filter((kind) => kind.includes('restart'))).toHaveLength(3)
})
