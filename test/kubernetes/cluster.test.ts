/** Nine machines become a Kubernetes that serves, by one apply; and stay one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestLab } from '../lab/harness.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { whyNoKubernetes } from './built.ts'
import { nineMachines } from './nine.ts'

const reason = await whyNoKubernetes()

describe.skipIf(reason)(`nine machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const kubectl = async (...args: readonly string[]) =>
    await lab.machine('master01').check(['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...args])

  beforeAll(async () => {
    lab = await nineMachines()
  })
  afterAll(async () => await lab.down())

  test('become a Kubernetes by one apply', async () => {
    await quorateOk(lab, ['apply', '--yes'])
    const nodes = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[]
    }
    expect(nodes.items.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'master01',
      'master02',
      'worker01',
      'worker02',
      'worker03',
    ])
    for (const { status } of nodes.items)
      expect(status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('a second apply finds nothing to do', async () => {
    expect(await quorateOk(lab, ['apply'])).toBe('nothing to change\n')
  })

  test('status says that all of it serves', async () => {
    const { stdout, exitCode } = await quorate(lab, ['status', '--json'])
    const { tiers } = JSON.parse(stdout) as { tiers: { tier: string; serving: boolean | null }[] }
    expect(tiers.map(({ tier, serving }) => [tier, serving])).toContainEqual(['kubernetes', true])
    expect(exitCode).toBe(0)
  })
})
