import { describe, expect, test } from 'vitest'
import { foresee } from '../../tiers/etcd/plan/plan.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { predict } from '../../tiers/etcd/steps/predict.ts'
import { type AllDue, type DueCertificate, nextRenewal, sameDue } from './decide-renewal.ts'
import {
  bareWorld,
  glance,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  withEnvironment,
  withMember,
} from '../../tiers/etcd/plan/testing.ts'

const cluster = testCluster()
const settled = settledWorld(cluster)

function due(...hosts: string[]): DueCertificate[] {
  return hosts.map((host) => ({ host, name: 'etcd', pem: 'certificate etcd', why: 'is old' }))
}

function renew(observed: Observed, certificates: readonly DueCertificate[]) {
  return nextRenewal({ kind: 'renew', cluster, due: certificates }, observed)
}

function all(certificates: readonly DueCertificate[], own: Partial<AllDue> = {}): AllDue {
  return {
    intent: { kind: 'renew', cluster, due: certificates },
    clients: ['operator'],
    schedule: { pem: 'PEM' },
    ...own,
  }
}

describe('renewing', () => {
  test('asks for requests with the present keys first, then issues, and then there is nothing left', () => {
    const certificates = due('etcd01', 'etcd03')
    const first = stepsOf(renew(settled, certificates))
    expect(glance(first)).toEqual(['etcd01 key', 'etcd03 key'])
    expect(first.every((step) => step.kind === 'key' && step.keep)).toBe(true)
    const { waves, blocked } = foresee(cluster, settled, (state) => renew(state, certificates))
    expect(waves.map(glance)).toEqual([
      ['etcd01 key', 'etcd03 key'],
      ['etcd01 certificates', 'etcd03 certificates'],
    ])
    expect(blocked).toEqual([])
    expect(waves.flat().every(({ danger }) => danger === 'none')).toBe(true)
  })

  test('continues from wherever it was interrupted', () => {
    const certificates = due('etcd01', 'etcd02')
    const [key] = stepsOf(renew(settled, certificates))
    if (key === undefined) throw new TypeError('no step')
    const half = predict(cluster, settled, key)
    expect(glance(stepsOf(renew(half, certificates)))).toEqual(['etcd02 key'])
    const done = withMember(half, 'etcd01', ({ tls }) => ({
      tls: { ...tls, pending: {}, certificates: { etcd: { pem: 'another' } } },
    }))
    expect(glance(stepsOf(renew(done, certificates)))).toEqual(['etcd02 key'])
  })

  test('touches nothing else, whatever the cluster file asks for, and whether or not any member answers', () => {
    const drifted = {
      ...withMember(settled, 'etcd02', withEnvironment({ ETCD_HEARTBEAT_INTERVAL: '7' })),
      cluster: undefined,
    }
    const away = withMember(drifted, 'etcd03', stopped)
    expect(glance(stepsOf(renew(away, due('etcd02', 'etcd03'))))).toEqual(['etcd02 key', 'etcd03 key'])
  })

  test('makes a new key only where something is wrong with the present one', () => {
    const fault = { code: 'algorithm', message: 'rsa-2048' } as const
    const world = { ...settled, certificates: { ...settled.certificates, etcd01: { etcd: [fault] } } }
    const steps = stepsOf(renew(world, due('etcd01', 'etcd02')))
    expect(steps.map((step) => step.kind === 'key' && step.keep)).toEqual([false, true])
  })

  test('makes new keys for an offline CA, which knows what it signed by its key', () => {
    const authority = { home: 'offline', certificate: '/ca.crt' } as const
    const offline = testCluster({ pki: { ...cluster.pki, authority } })
    const intent = { kind: 'renew', cluster: offline, due: due('etcd01') } as const
    expect(stepsOf(nextRenewal(intent, settled))).toMatchObject([{ kind: 'key', keep: false }])
  })

  test('is refused below another CA, and on machines that are not of this cluster', () => {
    const fault = { code: 'issuer', message: 'CN=x' } as const
    const world = { ...settled, certificates: { ...settled.certificates, etcd01: { etcd: [fault] } } }
    expect(reasonsOf(renew(world, due('etcd01')))).toMatchObject([
      {
        host: 'etcd01',
        id: 'certificate-of-another-ca',
        hint: expect.stringMatching(/rotate-ca/),
      },
    ])
    const bare = due('etcd01').map((one) => ({ ...one, pem: undefined }))
    expect(reasonsOf(renew(bareWorld(cluster), bare))).toMatchObject([
      { host: 'etcd01', id: 'not-of-this-cluster' },
    ])
  })

  test('is of what was shown if the same certificates are to go, however old they have become', () => {
    const shown = all(due('etcd01'))
    const older = due('etcd01').map((one) => ({ ...one, why: 'is a day older' }))
    expect(sameDue(shown, all(older))).toBe(true)
    const another = due('etcd01').map((one) => ({ ...one, pem: 'another' }))
    expect(sameDue(shown, all(another))).toBe(false)
    expect(sameDue(shown, all(due('etcd01', 'etcd02')))).toBe(false)
    expect(sameDue(shown, all(due('etcd01'), { clients: [] }))).toBe(false)
    expect(sameDue(shown, all(due('etcd01'), { schedule: undefined }))).toBe(false)
  })
})
