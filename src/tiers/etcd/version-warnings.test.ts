import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { sampleCluster } from '../../etcd/sample.ts'
import type { Observed } from './facts/observed.ts'
import type { Session } from './session.ts'
import { versionWarnings } from './version-warnings.ts'

/** What the members answer to a login without a name, and which of them run. */
async function warnings(version: string, answer: Code | undefined, active: string): Promise<string> {
  const cluster = sampleCluster({ version })
  const call = async () => await Promise.reject(new ConnectError('answer', answer))
  const session = {
    cluster,
    signal: new AbortController().signal,
    members: async (nodes: readonly unknown[]) => await Promise.resolve(nodes.map(() => ({ call }))),
  } as unknown as Session
  const hosts = Object.fromEntries(cluster.nodes.map(({ name }) => [name, { member: { unit: { active } } }]))
  return (await versionWarnings(session, { hosts } as unknown as Observed)).join('\n')
}

test('what only holds with users on is said where a member says that they are on', async () => {
  expect(await warnings('3.6.13', Code.InvalidArgument, 'active')).toContain('CVE-2026-73499')
})

test('it is not reported if users are disabled, if that is unknown, and if there are no members yet', async () => {
  for (const [answer, active] of [
    [Code.FailedPrecondition, 'active'],
    [Code.Unavailable, 'active'],
    [Code.InvalidArgument, 'inactive'],
  ] as const) {
    const said = await warnings('3.6.13', answer, active)
    expect(said).toContain('fixed in 3.6.14')
    expect(said).not.toContain('CVE-2026-73499')
  }
})

test('nothing is said of the newest version, users or not', async () => {
  expect(await warnings('3.6.16', Code.InvalidArgument, 'active')).toBe('')
})
