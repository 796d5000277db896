/** Takes over kubeadm's static pods from the kubelet, one after the other. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../src/lab/machine.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { setUpForeign } from './support/foreign.ts'
import { STATIC_POD } from './support/static-pod.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const MANIFEST = '/etc/kubernetes/manifests/etcd.yaml'

describe.skipIf(reason)(`static pods${because}`, () => {
  let lab: TestLab
  let id: string | null
  beforeAll(async () => {
    lab = await testLab({ machines: 3, oneProcessor: false })
    await setUpForeign(lab, lab.machines, STATIC_POD)
    // adopt must write it.
    await rm(lab.clusterFile)
    const [first] = lab.machines
    await first?.check([...asApiServer(first.address), 'put', 'before', 'kept'])
    const login = ['--user', 'root', '--identity-file', lab.identityFile, '--yes']
    await quorateOk(lab, ['adopt', '--name', 'prod', '--suite', 'trixie', first?.address ?? '', ...login])
    id = (await statusOf(lab)).report.cluster.id
  })
  afterAll(async () => {
    await lab.down()
  })

  test('are left alone as long as their manifests are there', async () => {
    const refused = await quorate(lab, ['apply', '--yes'])
    expect(refused).toFail('blocked/run-by-something-else', { says: 'kubelet' })
    for (const machine of lab.machines)
      expect(await unitsOfEtcd(machine)).toEqual(['cri-containerd-0a1b2c.scope'])
  })

  test('one after the other is taken over as it says, and the cluster stays what it is', async () => {
    for (const [turn, machine] of lab.machines.entries()) {
      const { stderr } = await quorate(lab, ['apply', '--yes'])
      const command = / (mv \/etc\/kubernetes\/manifests\/etcd\.yaml [^;,\s]+)[;,]/.exec(stderr)?.[1]
      await machine.check(['sh', '-c', command ?? 'false'])
      await machine.check(['timeout', '30', 'sh', '-c', 'while pidof etcd >/dev/null; do sleep 0.1; done'])
      const applied = await quorate(lab, ['apply', '--yes'])
      // It reports what is left: the other machines.
      expect(`${applied.exitCode}: ${applied.stderr}`).toMatch(turn === 2 ? /^0:/ : /^8:/)
      expect(await unitsOfEtcd(machine)).toEqual(['etcd.service'])
      const { exitCode, report } = await statusOf(lab)
      expect(exitCode).toBe(0)
      expect(report.cluster).toMatchObject({ id, healthyMembers: 3 })
    }
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('kept\n')
  })

  test('the API server on each machine finds its etcd where it was', async () => {
    for (const machine of lab.machines) {
      const get = [...asApiServer('127.0.0.1'), 'get', 'before', '--print-value-only']
      expect(await machine.check(get)).toBe('kept\n')
      expect((await machine.exec(['test', '-e', MANIFEST])).exitCode).toBe(1)
    }
  })
})

/** The services and scopes in which an etcd runs on this machine. */
async function unitsOfEtcd(machine: Machine): Promise<readonly string[]> {
  const text = await machine.check(['sh', '-c', 'for pid in $(pidof etcd); do cat /proc/$pid/cgroup; done'])
  // With cgroups v1 a process has several.
  const names = text.split('\n').map((line) => line.slice(line.lastIndexOf('/') + 1))
  return [...new Set(names.filter((name) => name !== ''))]
}

function asApiServer(address: string): readonly string[] {
  const pki = '/etc/kubernetes/pki/etcd'
  const tls = [
    `--cacert=${pki}/ca.crt`,
    `--cert=${pki}/healthcheck-client.crt`,
    `--key=${pki}/healthcheck-client.key`,
  ]
  const patience = ['--dial-timeout=20s', '--command-timeout=30s']
  return [
    'env',
    'ETCDCTL_API=3',
    '/opt/image/etcdctl',
    `--endpoints=https://${address}:2379`,
    ...tls,
    ...patience,
  ]
}
