/** During a rotation of etcd's CA, an API server gets its client pair from the new CA only after every member trusts it. */
import { expect, test } from 'vitest'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { fingerprintsOf, trustMarkFile } from '../../../pki/trust-mark.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from '../../etcd/facts/observed.ts'
import { plan } from '../../etcd/plan/plan.ts'
import { settledWorld, testIntent, withMember, withMembers } from '../../etcd/plan/testing.ts'
import { bareHost, sampleCluster } from '../../containerd/containerd.fixture.ts'
import { TIERS } from '../../tiers.ts'
import { tierFacts } from '../facts.ts'

const cluster = sampleCluster()
const members = etcdNodes(cluster).map(({ name }) => name)
const intent = { ...testIntent(cluster), beside: TIERS }
const [OLD, NEW] = ['old', 'new'].map(
  (name) => `-----BEGIN CERTIFICATE-----\n${btoa(`the ${name} CA`)}\n-----END CERTIFICATE-----\n`,
) as [string, string]
const BOTH = NEW + OLD
const OLD_ISSUER = { code: 'old-issuer', message: 'old' } as const

/** `certs rotate-ca` was interrupted: the new CA signs, and these members still trust only the old one. */
function cutOff(untold: readonly string[]): Observed {
  const settled = settledWorld(cluster)
  const told = withMembers(settled, ({ tls, unit }) => ({
    tls: { ...tls, ca: BOTH, mark: trustMarkFile(BOTH) },
    unit: { ...unit, environment: { ...unit.environment, ...parseEnvironmentFile(trustMarkFile(BOTH)) } },
  }))
  const world = untold.reduce(
    (before, name) =>
      withMember(before, name, ({ tls, unit }) => ({
        tls: { ...tls, ca: OLD, mark: trustMarkFile(OLD) },
        unit: { ...unit, environment: { ...unit.environment, QUORATE_CA: fingerprintsOf(OLD).join() } },
      })),
    told,
  )
  const hosts = Object.entries(world.hosts).map(([name, host]) => {
    const { services } = bareHost(name, { reachesServices: false })
    return [name, { ...host, services }] as const
  })
  const pairs = ['master01', 'master02'].map((name) => [name, { 'etcd-client': [OLD_ISSUER] }] as const)
  return {
    ...world,
    hosts: Object.fromEntries(hosts),
    authority: { bundle: BOTH },
    certificates: Object.fromEntries(members.map((name) => [name, { etcd: [OLD_ISSUER] }])),
    beside: { kubernetes: { ...tierFacts(undefined), ca: 'CA', leaves: Object.fromEntries(pairs) } },
  }
}

test.each([
  ['no member', members],
  ['one member', members.slice(1)],
  ['every member but one', members.slice(2)],
  ['every member', []],
])(
  'where %s trusts the new CA by then, apply restarts the others before it issues a pair',
  (_who, untold) => {
    const { waves, blocked } = plan(intent, cutOff(untold))
    expect(blocked).toEqual([])
    const restarts = waves.flatMap((wave, at) =>
      wave.flatMap((step) => (step.kind === 'restart' ? [{ at, host: step.host }] : [])),
    )
    expect(restarts.map(({ host }) => host).toSorted()).toEqual([...untold])
    const first = waves.findIndex((wave) =>
      wave.some((step) => step.kind === 'leaf-certificate' && step.leaf === 'etcd-client'),
    )
    expect(first).toBeGreaterThan(Math.max(-1, ...restarts.map(({ at }) => at)))
  },
)
