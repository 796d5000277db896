import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import type { Remote } from '../../ssh/remote.ts'
import { allSucceeded, runOnNodes } from './run.ts'

const node = (name: string, role: 'etcd' | 'worker'): Node => ({
  name,
  address: '198.18.0.9',
  addresses: [],
  names: [],
  roles: [role],
  ssh: { host: name, user: undefined, port: undefined, identityFile: undefined, jump: undefined },
})
const nodes = [node('a', 'etcd'), node('b', 'etcd'), node('c', 'worker')]
const cluster = { nodes, groups: { rack1: ['a', 'c'] } } as Partial<Cluster> as Cluster

/** Nodes that answer with their own name after their own delay; `b` is unreachable. */
const fleet = {
  get: async (host: string): Promise<Remote> => {
    if (host === 'b') throw new QuorateError('unreachable', 'no route to b', { host })
    const run: Remote['run'] = async ({ argv }) => {
      await new Promise((resolve) => setTimeout(resolve, host === 'a' ? 30 : 1))
      return { host, stdout: `${host}: ${argv.join('|')}`, stderr: '', exitCode: 0, durationMs: 1 }
    }
    return {
      host,
      user: 'admin',
      run,
      forward: async () => '',
      attach: async () => 0,
      close: async () => undefined,
    }
  },
}

test('results come in the order of the file, and an unreachable machine costs no other its result', async () => {
  const finished: string[] = []
  const emit = ({ host }: { host: string }) => finished.push(host)
  const results = await runOnNodes({ cluster, selector: 'all', argv: ['echo', 'a b'], fleet, emit })
  expect(results).toMatchObject([
    { host: 'a', stdout: 'a: echo|a b', user: 'admin' },
    { host: 'b', error: { code: 'unreachable' } },
    { host: 'c', stdout: 'c: echo|a b' },
  ])
  expect(finished.at(-1)).toBe('a')
  expect(allSucceeded(results)).toBe(false)
})

test('a group or a single node can be named', async () => {
  const rack = await runOnNodes({ cluster, selector: 'rack1', argv: ['true'], fleet })
  expect(rack.map(({ host }) => host)).toEqual(['a', 'c'])
  const single = await runOnNodes({ cluster, selector: 'c', argv: ['true'], fleet })
  expect(single.map(({ host }) => host)).toEqual(['c'])
})

test('a name that is nothing is refused with what there is', async () => {
  const refused = runOnNodes({ cluster, selector: 'etdc', argv: ['true'], fleet })
  await expect(refused).rejects.toFail('usage/no-such-selection', {
    says: "'etdc'",
    fix: /^roles: all, etcd, worker\ngroups: rack1\nnodes: a, b, c$/,
  })
})
