import { expect, test } from 'vitest'
import { tiersToReset } from './tier-reset.ts'

const TIERS = [
  { name: 'balancer', after: [] },
  { name: 'runtime', after: [] },
  { name: 'orchestrator', after: ['etcd', 'runtime'] },
  { name: 'store', after: ['orchestrator'] },
]
const names = (name: string, tiers = TIERS) => tiersToReset(tiers, name).map((tier) => tier.name)

test('a tier goes with those that stand on it, before them, and with those that nothing else needs, after it', () => {
  expect(names('orchestrator')).toEqual(['store', 'orchestrator', 'runtime'])
  expect(names('runtime')).toEqual(['store', 'orchestrator', 'runtime'])
  expect(names('balancer')).toEqual(['balancer'])
  expect(names('store', TIERS.slice(1))).toEqual(['store', 'orchestrator', 'runtime'])
})

test('what another tier needs as well stays', () => {
  expect(names('orchestrator', [...TIERS, { name: 'builder', after: ['runtime'] }])).toEqual([
    'store',
    'orchestrator',
  ])
})
