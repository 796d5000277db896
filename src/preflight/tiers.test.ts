import { expect, test } from 'vitest'
import { packagesFor } from '../host/needs.ts'
import type { Listener } from './facts.ts'
import { questions } from './gather.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgeTierPort } from './tiers.ts'

const PORT = {
  port: 443,
  id: 'balancer-port',
  title: 'Port 443',
  key: 'loadBalancer.url',
  program: 'haproxy',
}
const NEEDS = { packages: () => ['haproxy', 'curl'], looks: () => [], ports: () => [PORT] }
const listener: Listener = { address: '*', port: 443, process: 'nginx', pid: 77, unit: 'nginx.service' }
const judged = (listeners: readonly Listener[]) => judgeTierPort(node(1), goodFacts({ listeners }), PORT)

test("a product's port is free, or its own; who else has it is named with how to stop it", () => {
  expect(judged([])).toMatchObject({ result: 'ok', found: 'free' })
  expect(judged([{ ...listener, process: 'haproxy' }])).toMatchObject({ result: 'ok', found: 'haproxy' })
  expect(judged([listener])).toMatchObject({
    id: 'balancer-port',
    result: 'failure',
    found: expect.stringMatching(/^nginx .* 443$/),
    remedy: expect.stringMatching(/\(systemctl disable --now nginx\.service\), .*`loadBalancer\.url`/),
  })
})

test('its packages and its port are asked about, each once', () => {
  const asked = questions(cluster({ packages: ['curl'] }), node(1), new Map(), undefined, [NEEDS])
  expect(asked).toContain('port:443')
  expect(asked.filter((word) => word.startsWith('package:'))).toEqual(['package:curl', 'package:haproxy'])
  expect(packagesFor(cluster({ packages: ['curl'] }), node(1), [NEEDS])).toEqual(['curl', 'haproxy'])
})
