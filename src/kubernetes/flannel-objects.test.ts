import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { flannelConfiguration, flannelObjects } from './flannel-objects.ts'

const SCRIPT = path.resolve(import.meta.dirname, 'flannel-cni.sh')

/** The script's result for flanneld's output. */
function conflist(subnet: string): unknown {
  const folder = mkdtempSync(path.join(tmpdir(), 'flannel-cni-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'subnet.env'), subnet)
  const target = path.join(folder, '10-flannel.conflist')
  execFileSync('sh', [SCRIPT, path.join(folder, 'subnet.env'), target], { timeout: 10_000 })
  expect(readdirSync(folder)).toEqual(['10-flannel.conflist', 'subnet.env'])
  return JSON.parse(readFileSync(target, 'utf8'))
}

test("the CNI configuration has the node's own part of the network, and room for the tunnel's head", () => {
  const said =
    'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n'
  expect(conflist(said)).toMatchObject({
    cniVersion: '1.0.0',
    plugins: [
      {
        type: 'bridge',
        mtu: 1450,
        isGateway: true,
        ipam: { ranges: [[{ subnet: '10.244.3.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap' },
    ],
  })
})

test.each([
  ['FLANNEL_SUBNET=10.244.3.65/26', [[{ subnet: '10.244.3.64/26' }]]],
  ['FLANNEL_IPV6_SUBNET=fd00:10:244:3::1/64', [[{ subnet: 'fd00:10:244:3::/64' }]]],
  [
    'FLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_IPV6_SUBNET=fd00:10:244:3::1/64',
    [[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00:10:244:3::/64' }]],
  ],
])('%s', (said, ranges) => {
  expect(conflist(`${said}\nFLANNEL_MTU=1450\n`)).toMatchObject({ plugins: [{ ipam: { ranges } }, {}] })
})

test("flannel's network is what the cluster file says, else vxlan over the pods' network", () => {
  expect(flannelConfiguration('10.244.0.0/16')).toEqual({
    EnableNFTables: true,
    Network: '10.244.0.0/16',
    Backend: { Type: 'vxlan' },
  })
  const config = { Network: '10.1.0.0/16', SubnetLen: 25, Backend: { Type: 'host-gw' } }
  expect(flannelConfiguration('10.1.0.0/16', config)).toEqual({ EnableNFTables: true, ...config })
  expect(flannelConfiguration('fd00:10:244::/56')).toMatchObject({ EnableIPv4: false, EnableIPv6: true })
})

test('flanneld asks the balancer, since the Service is served by a kube-proxy that may not run yet', () => {
  const objects = flannelObjects({
    image: 'quorate.lab/flannel:v0.28.10',
    network: flannelConfiguration('10.244.0.0/16'),
    api: { host: 'service01', port: 6443 },
  })
  expect(objects.map(({ kind }) => kind)).toEqual([
    'Namespace',
    'ServiceAccount',
    'ClusterRole',
    'ClusterRoleBinding',
    'ConfigMap',
    'DaemonSet',
  ])
  expect(objects.at(-1)).toMatchObject({
    spec: {
      template: {
        spec: {
          hostNetwork: true,
          containers: [
            {
              image: 'quorate.lab/flannel:v0.28.10',
              env: expect.arrayContaining([
                { name: 'KUBERNETES_SERVICE_HOST', value: 'service01' },
                { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
              ]) as unknown,
            },
          ],
        },
      },
    },
  })
})
