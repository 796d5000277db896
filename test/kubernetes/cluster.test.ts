/** One apply turns nine machines into a serving Kubernetes, and it stays one. Runs the commands that the pages show. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestLab } from '../lab/harness.ts'
import { freshState, stateFolder } from '../lab/support/fresh.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { installHere, typeIn } from '../lab/support/typing.ts'
import { whyNoKubernetes } from './built.ts'
import { nineMachines } from './nine.ts'
import { foreignKubectl } from './support/foreign-kubectl.ts'
import { openedKeys } from './support/opened-keys.ts'
import { KUBERNETES_LIFE } from './typed.ts'
import { NOTHING_TO_CHANGE } from '../lab/support/unchanged.ts'

const NODES = ['master01', 'master02', 'worker01', 'worker02', 'worker03']
const WORKERS = ['worker01', 'worker02', 'worker03']
const reason = await whyNoKubernetes()

describe.skipIf(reason)(`nine machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab

  beforeAll(async () => {
    lab = await nineMachines()
    await freshState(lab)
    await installHere(lab.folder)
  })
  afterAll(async () => await lab.down())

  test('become a Kubernetes by one apply', async () => {
    await quorateOk(lab, ['apply', '--yes'])
    const kubectl = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', 'get', 'nodes', '-o', 'json']
    const nodes = JSON.parse(await lab.machine('master01').check(kubectl)) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[]
    }
    expect(nodes.items.map(({ metadata }) => metadata.name).toSorted()).toEqual(NODES)
    for (const { status } of nodes.items)
      expect(status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('a second apply finds nothing to do', async () => {
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('status says that all of it serves', async () => {
    const { stdout, exitCode } = await quorate(lab, ['status', '--json'])
    const { tiers } = JSON.parse(stdout) as { tiers: { tier: string; serving: boolean | null }[] }
    expect(tiers.map(({ tier, serving }) => [tier, serving])).toContainEqual(['kubernetes', true])
    expect(exitCode).toBe(0)
  })

  test("Debian's kubectl finds what the proof found: pods on every worker, each reached from each, Services, names, logs", async () => {
    const file = path.join(lab.folder, 'debian.conf')
    await quorateOk(lab, ['kubeconfig', '--out', file])
    const kubectl = await foreignKubectl(lab.machine('service01'), await readFile(file, 'utf8'))
    expect(await kubectl.readyNodes()).toEqual(NODES)
    await using served = await kubectl.serveOnEachWorker()
    expect(served.pods.map(({ node }) => node).toSorted()).toEqual(WORKERS)
    const reached = served.pods.map(({ node }) => node).toSorted()
    for (const { name, node } of served.pods) {
      const answers = await Promise.all(served.pods.map(({ address }) => served.ask(name, address)))
      expect(answers.toSorted(), `asked from ${node}`).toEqual(reached)
      expect(WORKERS).toContain(await served.ask(name, served.address))
      expect(WORKERS).toContain(await served.ask(name, served.name))
      expect(await kubectl.run('logs', name)).toContain(`serves on ${node}`)
    }
    await expect(served.ask(served.pods[0]?.name ?? '', 'nowhere.default.svc.cluster.local')).rejects.toThrow(
      'nowhere',
    )
  })

  test("a person's own kubeconfig lets in as far as a role was bound, and no further", async () => {
    const file = path.join(lab.folder, 'viewer.conf')
    await quorateOk(lab, ['kubeconfig', '--user', 'anna', '--group', 'viewers', '--days', '1', '--out', file])
    const anna = await foreignKubectl(lab.machine('service01'), await readFile(file, 'utf8'), 'anna')
    await expect(anna.run('get', 'pods')).rejects.toThrow('cannot list resource "pods"')
    const bind = ['create', 'clusterrolebinding', 'viewers', '--clusterrole=view', '--group=viewers']
    await quorateOk(lab, ['kubectl', '--', ...bind])
    expect(await anna.run('auth', 'can-i', 'list', 'pods')).toBe('yes\n')
    await expect(anna.run('create', 'namespace', 'of-anna')).rejects.toThrow('forbidden')
  })

  test('a scheduled backup carries its keys, which only its recipients can read', async () => {
    const identity = await generateIdentity()
    const directory = '/srv/backups'
    const machine = lab.machine('service01')
    const words = [
      '--node',
      machine.name,
      '--store',
      directory,
      '--recipient',
      await identityToRecipient(identity),
    ]
    await quorateOk(lab, ['backup', 'schedule', ...words, '--yes'])
    const keys = await openedKeys(lab, { machine, directory, identity })
    const here = await readFile(path.join(stateFolder(lab), 'kubernetes/encryption.yaml'), 'utf8')
    expect(keys).toMatchObject({ secret: { 'encryption.yaml': here } })
    await quorateOk(lab, ['backup', 'schedule', '--remove', '--yes'])
    expect(await machine.check(['find', '/etc', '-name', '*.age'])).toBe('')
  })

  describe('the commands of the pages', () => {
    test.each(KUBERNETES_LIFE)('$shown', async (typed) => expect(await typeIn(lab, typed)).toBeUndefined())
  })

  test('after all of that nothing is to be changed', async () => {
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
