import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NO_SERVICES } from '../../host/services.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { FIT, bareHost } from '../../tiers/containerd/containerd.fixture.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { plan } from '../../tiers/etcd/plan/plan.ts'
import { bareWorld, testCluster, testIntent } from '../../tiers/etcd/plan/testing.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { guardOf, savePlan } from './plan-file.ts'

interface Saved {
  steps: { id: string; what: string; why: string; sha256: string }[]
}

let folder: string
let file: string
let cluster: Cluster
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-plan-'))
  file = path.join(folder, 'friday.plan')
  cluster = testCluster({ file: path.join(folder, 'cluster.yaml') })
  await writeFile(cluster.file, 'name: sample\n')
  const [intent, observed] = [testIntent(cluster), bareWorld(cluster)]
  await savePlan(file, { intent, observed, ...plan(intent, observed) })
})
afterEach(async () => await rm(folder, { recursive: true }))

test('free space on a Kubernetes node changes by itself and makes no plan stale, but a CA on it does', async () => {
  const of = (freeBytes: number, sha256 = 'a') => {
    const world = bareWorld(cluster)
    const hosts = Object.entries(world.hosts).map(([name, host]) => {
      const node = { ...FIT, room: { freeBytes } }
      const ca = { owner: 'root', group: 'root', mode: '644', plain: true, sha256 }
      return [name, { ...host, services: { ...NO_SERVICES, node, secrets: { '/ca': ca } } }] as const
    })
    return { ...world, hosts: Object.fromEntries(hosts) }
  }
  const intent = testIntent(cluster)
  await savePlan(file, { intent, observed: of(1), ...plan(intent, of(1)) })
  const { guard } = await guardOf(file, cluster, new Date())
  await guard?.(of(2))
  await expect(guard?.(of(1, 'b'))).rejects.toMatchObject({ code: 'moved' })
})

test('no key is in the saved plan of a Kubernetes', async () => {
  const nine = { ...sampleKubernetesCluster(), file: cluster.file }
  const hosts = Object.entries(bareWorld(nine).hosts).map(([name, host]) => {
    return [name, { ...host, services: bareHost(name).services }] as const
  })
  const world = { ...bareWorld(nine), hosts: Object.fromEntries(hosts), beside: {} }
  const intent = { ...testIntent(nine), beside: TIERS }
  const whole = plan(intent, world)
  expect(whole.waves.flat().filter(({ kind }) => kind === 'secret-file').length).toBeGreaterThan(10)
  await savePlan(file, { intent, observed: world, ...whole })
  const secret = /PRIVATE KEY|key-data: *[A-Za-z0-9+/]|secretbox/
  expect(await readFile(file, 'utf8')).not.toMatch(secret)
  // As `--json` shows each stage.
  expect(JSON.stringify(whole.waves)).not.toMatch(secret)
})

async function confirmed(): Promise<void> {
  const { guard } = await guardOf(file, cluster, new Date())
  await guard?.(bareWorld(cluster))
}

async function doctored(change: (saved: Saved) => void): Promise<void> {
  const saved = JSON.parse(await readFile(file, 'utf8')) as Saved
  change(saved)
  await writeFile(file, JSON.stringify(saved))
}

test('a plan is carried out another day, while all is as it was', async () => {
  await expect(confirmed()).resolves.toBeUndefined()
})

test.each<[string, (saved: Saved) => void]>([
  ['one left out', ({ steps }) => void steps.splice(3, 1)],
  ['the last one left out', ({ steps }) => void steps.pop()],
  ['one more', ({ steps }) => void steps.push(steps[0]!)],
  ['two in another order', ({ steps }) => void steps.push(steps.shift()!)],
  ['another step', ({ steps }) => void (steps[0]!.id = `${steps[0]!.id} etcd03`)],
  ['another content', ({ steps }) => void (steps[0]!.sha256 = steps[1]!.sha256)],
  ['another text', ({ steps }) => void (steps[0]!.what = 'look at the machine')],
  ['another reason', ({ steps }) => void (steps[0]!.why = 'it is harmless')],
])('a plan whose steps are not those that would be carried out is refused: %s', async (_, change) => {
  await doctored(change)
  await expect(confirmed()).rejects.toFail('moved/stale-plan', { says: file })
})

test('a plan of an older version is refused, and that is the reason given', async () => {
  await writeFile(file, '{"format":"quorate plan 1","steps":[{"kind":"restart","what":"restart","why":""}]}')
  await expect(confirmed()).rejects.toFail('usage/plan-of-an-older-version', {
    says: file,
    fix: `quorate plan --out ${file}`,
  })
})

test('a file that is not a plan is reported as that, whatever it is', async () => {
  for (const text of ['', '{}', 'null', '[1]', '{"format":"quorate plan 2"}', '\u0000']) {
    await writeFile(file, text)
    await expect(guardOf(file, cluster, new Date())).rejects.toMatchObject({ code: 'usage' })
  }
  await expect(guardOf('/dev/zero', cluster, new Date())).rejects.toMatchObject({ code: 'usage' })
})
