/**
 * The smallest Kubernetes, with settings other than the default: a node with all roles, flanneld as a service that
 * reads its network from etcd, the CA's key on no node, and no load balancer managed by quorate.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PLACES } from '../../src/kubernetes/places.ts'
import { type TestLab, testLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { whyNoKubernetes } from './built.ts'
import { LAB_KUBERNETES, NINE_PACKAGES } from './nine.ts'
import { NOTHING_TO_CHANGE } from '../lab/support/unchanged.ts'

const NODES = ['all01', 'worker01']
const NETWORK = { Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } }
const reason = await whyNoKubernetes()

describe.skipIf(reason)(`other forms${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-c', script])
  const kubectl = async (...words: readonly string[]) => await quorateOk(lab, ['kubectl', '--', ...words])

  beforeAll(async () => {
    lab = await testLab({
      machines: [
        { name: 'all01', roles: ['etcd', 'master', 'worker'], containers: true },
        { name: 'worker01', roles: ['worker'], containers: true },
      ],
      suite: 'trixie',
      packages: NINE_PACKAGES,
      cluster: {
        packages: [],
        network: NETWORK,
        loadBalancer: { url: 'https://all01:6443' },
        kubernetes: { ...LAB_KUBERNETES, flannel: 'service', pki: { caKey: 'home' } },
      },
    })
    await freshState(lab)
  })
  afterAll(async () => await lab?.down())

  test('stand after one apply, which proves that pods reach each other', async () => {
    await quorateOk(lab, ['apply', '--yes', '--no-probe'])
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorate(lab, ['status'])).toMatchObject({ exitCode: 0 })
  })

  test('a node with all roles runs pods', async () => {
    const taints = await kubectl('get', 'node', 'all01', '-o', 'jsonpath={.spec.taints}')
    expect(taints).toBe('')
    const ready = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'
    const nodes = await kubectl('get', 'nodes', '-o', `jsonpath=${ready}`)
    expect(nodes.trim().split(' ').toSorted()).toEqual(NODES.map((name) => `${name}=True`))
  })

  test('flanneld runs on every node outside of Kubernetes, and has its subnet from etcd', async () => {
    for (const name of NODES) {
      expect(await on(name, 'systemctl is-active flanneld')).toBe('active\n')
      const subnet = /FLANNEL_SUBNET=(10\.244\.\d+)\.1\/(\d+)/.exec(
        await on(name, 'cat /run/flannel/subnet.env'),
      )
      const stored = await quorateOk(lab, [
        'etcdctl',
        '--',
        'get',
        '--prefix',
        '--keys-only',
        '/coreos.com/network/subnets',
      ])
      expect(stored).toContain(`${subnet?.[1]}.0-${subnet?.[2]}`)
    }
    expect(await kubectl('get', 'daemonsets', '-A', '-o', 'name')).not.toContain('flannel')
  })

  test("the key of Kubernetes' CA is on no node, and kubelets have certificates from it", async () => {
    for (const name of NODES) {
      expect(await on(name, `ls ${PLACES.pki}`)).not.toContain('ca.key')
      const issuer = 'openssl x509 -noout -issuer -in'
      expect(await on(name, `${issuer} ${PLACES.kubelet.serving.certificate}`)).toContain(
        'test Kubernetes CA',
      )
    }
  })

  test('are taken away again, with flanneld and its link', async () => {
    await quorateOk(lab, ['reset', '--tier', 'kubernetes', '--confirm', 'test'])
    for (const name of NODES) {
      expect(await on(name, 'systemctl is-active flanneld || true')).toBe('inactive\n')
      expect(await on(name, 'ls /sys/class/net')).not.toContain('flannel')
    }
  })
})
