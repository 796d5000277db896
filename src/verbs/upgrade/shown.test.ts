import { expect, test } from 'vitest'
import { whatWasShown } from './upgrade.ts'
import type { UpgradePreview } from './examine.ts'

const preview = (changes: Partial<UpgradePreview>) =>
  whatWasShown({
    from: ['3.6.16'],
    clusterVersion: '3.5',
    order: ['etcd01', 'etcd02'],
    downgrade: null,
    cancels: null,
    ...changes,
  } as UpgradePreview)

test('a cluster that becomes one of the newer minor is another one, but for a downgrade, which is the same', () => {
  const risen = { clusterVersion: '3.6' }
  expect(preview(risen)).not.toBe(preview({}))
  expect(preview({ ...risen, downgrade: '3.5' })).toBe(preview({ downgrade: '3.5' }))
  // What would be done decides.
  expect(preview({ downgrade: '3.5' })).not.toBe(preview({}))
  expect(preview({ order: ['etcd02', 'etcd01'] })).toBe(preview({}))
  expect(preview({ order: ['etcd01'] })).not.toBe(preview({}))
})
