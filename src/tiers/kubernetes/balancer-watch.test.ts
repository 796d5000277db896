/** How long a load balancer without a target is tolerated, and what is reported. */
import { expect, test } from 'vitest'
import type { RunEvent } from '../../engine/events.ts'
import type { KubernetesFacts, ServerFacts } from '../../kubernetes/api-facts.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { BalancerWatch } from './balancer-watch.ts'
import { NOTHING_HELD, READY } from './foreseen.ts'
import { balancerTrouble } from './plan/unready.ts'

const SILENT: ServerFacts = { ...READY, state: 'silent', problem: 'ECONNREFUSED' }
const LEFT = ['worker01: away']
const facts = (balancer: ServerFacts | undefined, server = READY): KubernetesFacts => ({
  servers: { master01: server },
  balancer,
  held: NOTHING_HELD,
})

function watched() {
  let seconds = 0
  const said: string[] = []
  const emit = (event: RunEvent) => void said.push(event.type === 'warning' ? event.text : event.type)
  const watch = new BalancerWatch(sampleKubernetesCluster(), { emit, now: () => new Date(seconds * 1000) })
  return {
    said,
    at: (second: number, api: KubernetesFacts) => {
      seconds = second
      watch.see(api, LEFT)
    },
  }
}

test('it is said once, and given up after a minute with what is missing and where to look', () => {
  const { said, at } = watched()
  for (const second of [0, 9, 10, 11, 59]) at(second, facts(SILENT))
  expect(said).toEqual([expect.stringMatching(/ \S+:6443 .*ECONNREFUSED/)])
  expect(() => at(60, facts(SILENT))).toFail('kubernetes/load-balancer-leads-nowhere', {
    says: /:6443 .*ECONNREFUSED.*worker01: away$/,
  })
})

test('one that comes back in between has another minute', () => {
  const { said, at } = watched()
  at(0, facts(SILENT))
  at(50, facts(READY))
  at(60, facts(SILENT))
  at(119, facts(SILENT))
  expect(said).toHaveLength(1)
  expect(() => at(120, facts(SILENT))).toFail('kubernetes/load-balancer-leads-nowhere')
})

test('while no API server is ready the load balancer is not to blame, and one that refuses credentials leads somewhere', () => {
  expect(balancerTrouble(facts(SILENT, SILENT))).toBeUndefined()
  expect(balancerTrouble(facts(undefined))).toBeUndefined()
  expect(balancerTrouble(facts({ ...READY, state: 'refused' }))).toBeUndefined()
  expect(balancerTrouble(facts({ ...READY, state: 'not-ready', problem: undefined }))).toEqual(
    expect.any(String),
  )
})
