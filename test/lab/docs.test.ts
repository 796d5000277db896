/** Every command in README and docs, typed on machines, in the order of a cluster's life. */
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { addressesIn, allocateSubnet, releaseSubnet } from '../../src/lab/subnet.ts'
import { ownedFolder } from '../../src/lab/sweep.ts'
import { tool } from '../../src/lab/tool.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { TEST_LABS, type TestLab, testLab, whyNoLab } from './harness.ts'
import { LIFE, THE_LAB } from './support/typed.ts'
import { installHere, surprise, type, typeIn } from './support/typing.ts'

describe.skipIf(whyNoLab())('the commands of the pages', () => {
  let lab: TestLab
  beforeAll(async () => {
    const etcd = { ...LAB_ETCD, localPlaintext: true }
    const network = { Network: '10.5.0.0/16', Backend: { Type: 'vxlan' } }
    lab = await testLab({ machines: 3, cluster: { name: 'my-cluster', etcd, network } })
    await installHere(lab.folder)
  })
  afterAll(async () => await lab.down())

  test.each(LIFE)('$shown', async (typed) => expect(await typeIn(lab, typed)).toBeUndefined())

  test('a lab of one machine: up, status, down, and no trace', async () => {
    const folder = await ownedFolder(TEST_LABS)
    // Where the removal of abandoned labs would look for it.
    const subnet = await allocateSubnet(path.join(folder, 'lab'))
    try {
      const address = addressesIn(subnet, 11).ipv4.replace(/\/.*/, '')
      const node = { name: 'etcd01', address, roles: ['etcd'] }
      const ssh = { user: 'admin', identityFile: 'id_ed25519' }
      const file = { name: 'small', state: '.', ssh, nodes: [node], etcd: LAB_ETCD }
      await writeFile(path.join(folder, 'cluster.yaml'), stringify(file))
      await installHere(folder)
      for (const { shown } of THE_LAB) {
        expect(surprise(await type(folder, shown))).toBeUndefined()
      }
      expect(await tool(['ip', '-o', 'address'])).not.toContain(subnet.ipv4.replace('.0/24', '.'))
    } finally {
      await type(folder, 'quorate lab down --purge')
      await releaseSubnet(subnet.claim)
      await rm(folder, { recursive: true, force: true })
    }
  })
})
