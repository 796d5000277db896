import { expect, test } from 'vitest'
import { MILESTONES } from '../steps/recovery.ts'
import { recoverySteps } from './recover.ts'

const names = { survivor: 'etcd01', others: ['etcd02', 'etcd03'], fenced: [], cleared: [], released: [] }

test('until there is a copy every machine is fenced again: the first mark says only that it was started', () => {
  const fenced = [undefined, ...MILESTONES].map((reached) =>
    recoverySteps({ ...names, reached }).flatMap(({ kind, host }) => (kind === 'fence' ? [host] : [])),
  )
  const all = ['etcd01', 'etcd02', 'etcd03']
  expect(fenced).toEqual([all, all, [], [], [], [], []])
})

test('whatever is left, each machine is released, the survivor last: its mark keeps the rest from being started again', () => {
  for (const reached of MILESTONES) {
    const released = recoverySteps({ ...names, reached }).filter(({ kind }) => kind === 'release')
    expect(released.map(({ host }) => host)).toEqual(['etcd02', 'etcd03', 'etcd01'])
  }
})
