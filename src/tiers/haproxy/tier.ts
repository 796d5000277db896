/** HAProxy in front of the API servers, on the nodes with the role `service`; keepalived if they share an address. */
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { Tier } from '../../engine/tier.ts'
import { balancerLooks } from './looks.ts'
import { balances, sharesAddress } from './plan/desired.ts'
import { HAPROXY, KEEPALIVED } from './plan/files.ts'
import { balancerRefusals } from './plan/refusals.ts'
import { balancerSteps } from './plan/steps.ts'
import { balancerReport } from './report.ts'

export const haproxy: Tier<ServiceStep> = {
  name: 'haproxy',
  // It doesn't need etcd: until API servers answer, it has no server to send to, and reports that.
  after: [],
  packages: (cluster, node) => [
    // socat accesses HAProxy's socket: for keepalived's health check, status, and its admin.
    ...(balances(cluster, node) ? [HAPROXY.package, 'socat'] : []),
    ...(sharesAddress(cluster, node) ? [KEEPALIVED.package] : []),
  ],
  looks: balancerLooks,
  ports: (cluster, node) =>
    cluster.loadBalancer !== undefined && balances(cluster, node)
      ? [
          {
            port: cluster.loadBalancer.port,
            id: 'balancer-port',
            title: `Load balancer's port ${cluster.loadBalancer.port}`,
            key: 'loadBalancer.url',
            program: 'haproxy',
          },
        ]
      : [],
  refusals: balancerRefusals,
  steps: balancerSteps,
  settled: (cluster, hosts) =>
    balancerRefusals(cluster, hosts).length === 0 && balancerSteps(cluster, hosts, '').length === 0,
  report: balancerReport,
}
