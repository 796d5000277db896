import { expect, test } from 'vitest'
import { knownArguments } from './kubernetes-arguments.ts'
import { knownFields } from './kubernetes-fields.ts'
import { parseClusterFile } from './parse.ts'
import { NINE, nine } from './sample.ts'

const api = (text: string) => `apiServer: { arguments: { ${text} } }`
const manager = (text: string) => `controllerManager: { arguments: { ${text} } }`
const scheduler = (text: string) => `scheduler: { arguments: { ${text} } }`
const kubelet = (text: string) => `kubelet: { configuration: { ${text} } }`
const proxy = (text: string) => `kubeProxy: { configuration: { ${text} } }`

const count = (minor: string) =>
  (['apiServer', 'controllerManager', 'scheduler'] as const).map((one) => knownArguments(minor, one).size)

test('the tables are as large as what they were made from', () => {
  // `--help` of the programs of 1.37.2 names 172, 148 and 62, of them help and version; five and two are hidden.
  expect(count('1.37')).toEqual([175, 148, 60])
  expect(count('1.34')).toEqual([173, 142, 58])
  expect([knownFields('1.37', 'kubelet').size, knownFields('1.37', 'kubeProxy').size]).toEqual([126, 24])
  expect([knownFields('1.34', 'kubelet').size, knownFields('1.34', 'kubeProxy').size]).toEqual([123, 24])
})

test.each([
  api('audit-log-maxage: 30, audit-log-compress: true, event-ttl: 2h, goaway-chance: 0.001, v: 4'),
  api(
    'feature-gates: "A=true,B=false", runtime-config: "api/all=true", enable-admission-plugins: "NodeRestriction,X"',
  ),
  api('oidc-issuer-url: "https://id.example.org", oidc-ca-file: /etc/kubernetes/pki/oidc.crt'),
  api('apiserver-count: 2, service-account-issuer: ""'),
  manager('node-monitor-grace-period: 30s, bind-address: 0.0.0.0, node-eviction-rate: "0.1"'),
  manager(
    'leader-elect-lease-duration: 120s, leader-elect-renew-deadline: 90s, leader-elect-retry-period: 10s',
  ),
  scheduler('kube-api-qps: 100'),
  kubelet(
    'maxPods: 200, failCgroupV1: false, cgroupDriver: cgroupfs, evictionHard: { memory.available: 200Mi }',
  ),
  kubelet('resolvConf: /run/resolv.conf, imageMinimumGCAge: 5m, allowedUnsafeSysctls: [net.core.somaxconn]'),
  proxy(
    'mode: iptables, conntrack: { maxPerCore: 0 }, nodePortAddresses: [primary], clientConnection: { qps: 10 }',
  ),
])('%s is right', (more) => {
  expect(nine(more)).toEqual([])
})

test.each<[string, RegExp]>([
  [
    api('audit-log-maxagee: 1'),
    /:17:29: .*arguments\.audit-log-maxagee: kube-apiserver 1\.37 has no such argument, and would not start; check the spelling: the closest match is audit-log-maxage/,
  ],
  [api('cloud-provider: external'), /kube-apiserver 1\.37 has no such argument/],
  [api('--audit-log-maxage: 1'), /without dashes in front, .*; write audit-log-maxage/],
  [api('audit_log_maxage: 1'), /write audit-log-maxage/],
  [api('auditLogMaxage: 1'), /write audit-log-maxage/],
  [api('"a b": 1'), /write one like audit-log-maxage/],
  [api('audit-log-maxage: many'), /"many" is not an integer, and the program would not start/],
  [api('event-ttl: 2'), /"2" is not a duration, .*; write a number with its unit/],
  [api('profiling: perhaps'), /"perhaps" is not true or false/],
  [manager('bind-address: here'), /"here" is not an address/],
  [manager('node-eviction-rate: fast'), /"fast" is not a number/],
  [api('external-hostname: "a\\nb"'), /a line break or control character/],
  [api('etcd-servers: "https://x"'), /arguments\.etcd-servers: quorate sets this itself: the etcd nodes/],
  [api('--etcd-servers: "https://x"'), /quorate sets this itself/],
  [api('service-cluster-ip-range: 10.0.0.0/16'), /remove it; instead: kubernetes\.serviceNetwork/],
  [api('anonymous-auth: false'), /the load balancer asks for \/readyz without a certificate/],
  [api('authorization-mode: AlwaysAllow'), /quorate keeps Node and RBAC/],
  [api('encryption-provider-config: /x'), /quorate sets this itself/],
  [
    api('enable-admission-plugins: AlwaysPullImages'),
    /without NodeRestriction one node could change all others; add/,
  ],
  [
    api('disable-admission-plugins: "A,NodeRestriction"'),
    /without NodeRestriction .*; remove NodeRestriction/,
  ],
  [
    api('tracing-config-file: /etc/tracing.yaml'),
    /warning: .*runs in a container, which sees few directories/,
  ],
  [manager('cluster-cidr: 10.0.0.0/8'), /instead: kubernetes\.podNetwork/],
  [manager('cluster-signing-key-file: /x'), /instead: kubernetes\.pki\.caKey/],
  [manager('cluster-signing-kubelet-client-cert-file: /x'), /quorate sets this itself/],
  [manager('cluster-signing-duration: 1h'), /instead: kubernetes\.pki\.days/],
  [manager('leader-elect: false'), /quorate keeps it on/],
  [
    manager('leader-elect-lease-duration: 5s'),
    /leader-elect-lease-duration must be longer than leader-elect-renew-deadline/,
  ],
  [
    scheduler('leader-elect-retry-period: 9s'),
    /must be longer than 1\.2 times leader-elect-retry-period, or kube-scheduler/,
  ],
  [scheduler('config: /x'), /quorate puts no such file on the masters/],
  [scheduler('help: true'), /the program would print it and end/],
  [scheduler('kubeconfig: /x'), /quorate sets this itself/],
  [
    kubelet('maxPod: 1'),
    /:17:31: .*maxPod: KubeletConfiguration of 1\.37 has no such field: it would have no effect; check the spelling: the closest match is maxPods/,
  ],
  [kubelet('maxPods: many'), /maxPods must be an integer/],
  [kubelet('maxPods: 1.5'), /maxPods must be an integer/],
  [kubelet('failSwapOn: "false"'), /failSwapOn must be true or false/],
  [
    kubelet('syncFrequency: 30'),
    /syncFrequency must be a duration: .*; write a number with its unit, like 30s/,
  ],
  [kubelet('evictionHard: [x]'), /evictionHard must be a mapping/],
  [kubelet('tlsCipherSuites: x'), /tlsCipherSuites must be a list/],
  [kubelet('maxPods: null'), /maxPods is empty/],
  [kubelet('cgroupDriver: runc'), /cgroupDriver: this is not known; write one of systemd, cgroupfs/],
  [kubelet('featureGates: { A: "true" }'), /featureGates: a feature gate is true or false/],
  [kubelet('kind: KubeletConfiguration'), /quorate sets this itself/],
  [kubelet('clusterDNS: [10.0.0.10]'), /instead: kubernetes\.serviceNetwork/],
  [kubelet('authentication: { anonymous: { enabled: true } }'), /quorate keeps strangers out/],
  [kubelet('readOnlyPort: 10255'), /could read all pods/],
  [kubelet('registerWithTaints: []'), /instead: kubernetes\.taints/],
  [proxy('clusterCIDR: 10.0.0.0/8'), /instead: kubernetes\.podNetwork/],
  [proxy('mode: ebpf'), /mode: this is not known; write one of nftables, iptables, ipvs/],
  [proxy('mode: ipvs'), /warning: .*mode: ipvs is deprecated since Kubernetes 1\.35/],
  [proxy('clientConnection: { kubeconfig: /x }'), /clientConnection\.kubeconfig: quorate sets this itself/],
])('%s: said', (more, expected) => {
  expect(nine(more)).toEqual([expect.stringMatching(expected)])
})

test('what a later minor added is reported as that', () => {
  const older: readonly [string, string] = ['"1.37.2"', '"1.35.4"']
  expect(nine(manager('concurrent-disruption-syncs: 5'))).toEqual([])
  expect(nine(manager('concurrent-disruption-syncs: 5'), older)).toEqual([
    expect.stringMatching(
      /kube-controller-manager 1\.35 has no such argument.*; it came with Kubernetes 1\.37/,
    ),
  ])
  expect(nine(kubelet('defaultPodSysctls: {}'), older)).toEqual([
    expect.stringMatching(/KubeletConfiguration of 1\.35 has no such field.*; it came with Kubernetes 1\.37/),
  ])
  expect(nine(proxy('mode: ipvs'), ['"1.37.2"', '"1.34.4"'])).toEqual([])
})

test('of a version that is none nothing is known, and reserved names are refused all the same', () => {
  const none: readonly [string, string] = ['"1.37.2"', '"1.99.0"']
  expect(nine(api('no-such-thing: 1, etcd-prefix: /x'), none)).toEqual([
    expect.stringContaining('Kubernetes 1.99 is not supported'),
    expect.stringContaining('etcd-prefix: quorate sets this itself'),
  ])
})

test('arguments are texts, fields keep their kind', () => {
  const more = `  ${api('v: 4, profiling: true')}\n  ${kubelet('maxPods: 200, failSwapOn: false')}\n`
  const { kubernetes } = parseClusterFile(NINE + more, 'cluster.yaml').cluster!
  expect(kubernetes?.apiServer.arguments).toEqual({ v: '4', profiling: 'true' })
  expect(kubernetes?.kubelet.configuration).toEqual({ maxPods: 200, failSwapOn: false })
})
