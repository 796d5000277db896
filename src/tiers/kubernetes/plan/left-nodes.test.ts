import { expect, test } from 'vitest'
import { sampleCluster } from '../../containerd/containerd.fixture.ts'
import { NOTHING_HELD, READY, allReady } from '../foreseen.ts'
import { leftNodes } from './left-nodes.ts'

const cluster = sampleCluster()
const nodes = allReady(cluster, NOTHING_HELD).nodes ?? {}
const facts = (names: readonly string[]) => {
  const [some] = Object.values(nodes)
  const held = {
    ...NOTHING_HELD,
    nodes: { ...nodes, ...Object.fromEntries(names.map((name) => [name, some])) },
  }
  return {
    ca: 'CA',
    leaves: {},
    sums: undefined,
    api: { servers: { master01: READY }, balancer: undefined, held },
  }
}

test('a worker that left the cluster file is reported, with the command that removes it', () => {
  expect(leftNodes(cluster, facts([]))).toEqual([])
  expect(leftNodes(cluster, undefined)).toEqual([])
  expect(leftNodes(cluster, facts(['worker04']))).toEqual([expect.stringContaining('delete node worker04')])
})

test('thousands of them, or a name that is none, flood no terminal', () => {
  const names = Array.from({ length: 3_000 }, (_one, at) => `\u001B[2J${at}`)
  const notes = leftNodes(cluster, facts(names))
  expect(notes).toHaveLength(11)
  expect(notes.at(-1)).toContain(' 2990 ')
  expect(notes.join('')).not.toContain('\u001B')
})
