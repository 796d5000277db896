import { expect, test } from 'vitest'
import { sampleNode } from '../../../etcd/sample.ts'
import { movedBy, withinOf } from './aside.ts'
import { clusterOf, facts } from './members.fixture.ts'
import { plan } from './plan.ts'
import { settledWorld, testIntent, withMember } from './testing.ts'

const DATA = '/opt/etcd/data'
const cluster = clusterOf(3)

test('a directory that can be renamed is', () => {
  expect(withinOf({ limits: undefined }, [DATA])).toBeUndefined()
  const step = {
    kind: 'aside',
    host: sampleNode('a', '192.168.0.1').name,
    suffix: 'old',
    paths: [DATA],
  } as const
  expect(movedBy([{ ...step, what: '', why: '', danger: 'none' }])).toEqual([
    { host: 'a', from: DATA, to: `${DATA}.old` },
  ])
})

test('a member is recreated on a mount point: emptied into a subdirectory, and then set up again', () => {
  const limits = { fixed: [DATA], inside: {}, closed: {}, room: {} }
  const world = withMember({ ...settledWorld(cluster), cluster: facts(cluster) }, 'etcd02', { limits })
  const gone = facts(cluster).members.find(({ name }) => name === 'etcd02')
  const { waves, blocked } = plan({ ...testIntent(cluster), replace: { etcd02: gone?.id ?? '' } }, world)
  expect(blocked).toEqual([])
  const moved = movedBy(waves.flat()).find(({ from }) => from === DATA)
  expect(moved?.to).toMatch(/^\/opt\/etcd\/data\/\.quorate-aside\.before-join-/)
  const after = waves.flat().findIndex(({ kind }) => kind === 'aside')
  expect(waves.flat().slice(after)).toContainEqual(
    expect.objectContaining({ kind: 'directory', path: DATA, owner: 'etcd', mode: '700' }),
  )
})
