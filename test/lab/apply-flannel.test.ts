/** flannel's network in etcd, for current flannel and for flannel with the v2 API; etcd in plaintext on loopback. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PlanJson } from '../../src/tiers/etcd/steps/plan-json.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { etcdctlHere } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

const NETWORK = { Network: '10.5.0.0/16', SubnetLen: 24, Backend: { Type: 'vxlan' } }
const V2_KEY = '/v2/keys/coreos.com/network/config'
const LEASE = '/coreos.com/network/subnets/10.5.52.0-24'
const BLOCKED = 8

describe.skipIf(reason)(`one member${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 1 })
  })
  afterAll(async () => {
    await lab.down()
  })
  const curl = async (...args: string[]) =>
    await lab.machine('etcd01').exec(['curl', '-sS', '--max-time', '10', ...args])
  /** Of the plan; undefined: there is none. */
  const networkStep = async () => {
    const { waves } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as PlanJson
    return waves.flat().find(({ kind }) => kind === 'network')
  }
  const WORDS = ['get', '/coreos.com/network/config', '--print-value-only']
  const stored = async () => {
    const addresses = lab.machines.map(({ address }) => address)
    const { stdout } = await etcdctlHere(lab, { addresses }, WORDS)
    return JSON.parse(stdout) as unknown
  }

  const put = async (key: string, value: string) => await quorateOk(lab, ['etcdctl', '--', 'put', key, value])

  describe('etcd 3.4 with the v2 API and plaintext on loopback', () => {
    const etcd = {
      version: '3.4.23',
      source: { debian: { suite: 'bookworm' } },
      enableV2: true,
      localPlaintext: true,
    }
    beforeAll(async () => {
      await startOver(lab, { etcd, network: { ...NETWORK, v2: true } })
    })

    test('plan shows what will be written, and how many nodes and pods that is for', async () => {
      const plan = await quorate(lab, ['plan'])
      expect(plan.exitCode).toBe(2)
      expect(await networkStep()).toMatchObject({
        what: expect.stringContaining('/coreos.com/network/config'),
        action: 'create',
      })
      expect(plan.stdout).toContain('room for 255 nodes with 253 pods each')
      expect(await quorateOk(lab, ['validate'])).toContain('255 nodes with 253 pods each')
    })

    test('the choice of plaintext prints its risk', async () => {
      const { stderr } = await quorate(lab, ['plan'])
      expect(stderr).toMatch(/warning:.*etcd\.localPlaintext: /)
    })

    test('apply writes it for both kinds of flannel: etcdctl and plain curl read it back', async () => {
      const applied = await quorate(lab, ['apply'])
      expect(applied.exitCode).toBe(0)
      const plain = await lab.machine('etcd01').check(['env', 'ETCDCTL_API=3', 'etcdctl', ...WORDS])
      expect(JSON.parse(plain)).toEqual(NETWORK)
      const v2 = JSON.parse((await curl(`http://127.0.0.1:2379${V2_KEY}`)).stdout) as {
        node: { value: string }
      }
      expect(JSON.parse(v2.node.value)).toEqual(NETWORK)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    })

    test('on loopback plain HTTP answers; from outside it does not', async () => {
      const health = await curl('http://127.0.0.1:2379/health')
      expect(JSON.parse(health.stdout)).toMatchObject({ health: 'true' })
      const outside = await curl(`http://${lab.machine('etcd01').address}:2379/health`)
      expect(outside.stdout).not.toContain('"health"')
      expect((await quorate(lab, ['status'])).exitCode).toBe(0)
    })

    test('quorate etcdctl reaches both APIs', async () => {
      const keys = await quorateOk(lab, ['etcdctl', '--', 'get', '/', '--prefix', '--keys-only'])
      expect(keys).toContain('/coreos.com/network/config')
      const tree = await quorateOk(lab, ['etcdctl', '--api', '2', '--', 'ls', '--recursive', '/'])
      expect(tree).toContain('/coreos.com/network/config')
    })
  })

  describe('etcd 3.5', () => {
    beforeAll(async () => {
      await startOver(lab, { network: NETWORK })
      await quorateOk(lab, ['apply'])
    })

    test('without leases the network may change', async () => {
      await lab.writeCluster({ network: { ...NETWORK, Network: '10.6.0.0/16' } })
      expect(await networkStep()).toMatchObject({ action: 'change' })
      await quorateOk(lab, ['apply'])
      expect(await stored()).toEqual({ ...NETWORK, Network: '10.6.0.0/16' })
      await lab.writeCluster({ network: NETWORK })
      await quorateOk(lab, ['apply'])
      expect(await stored()).toEqual(NETWORK)
    })

    test('with leases it may not: refused, with who holds what, and nothing written', async () => {
      await put(LEASE, JSON.stringify({ PublicIP: lab.machine('etcd01').address, BackendType: 'vxlan' }))
      await lab.writeCluster({ network: { ...NETWORK, Network: '10.6.0.0/16' } })
      const { exitCode, stderr } = await quorate(lab, ['apply'])
      expect(exitCode).toBe(BLOCKED)
      expect(stderr).toContain("flannel's Network")
      expect(stderr).toContain('10.5.52.0/24 by etcd01')
      expect(await stored()).toEqual(NETWORK)
      await lab.writeCluster({ network: NETWORK })
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    })

    test('a configuration that was overwritten by hand is restored', async () => {
      await quorateOk(lab, ['etcdctl', '--', 'del', LEASE])
      await put('/coreos.com/network/config', '{"Network":"10.5.0.0/16"}')
      expect((await quorate(lab, ['plan'])).exitCode).toBe(2)
      await quorateOk(lab, ['apply'])
      expect(await stored()).toEqual(NETWORK)
    })
  })
})
