import { expect, test } from 'vitest'
import { controlPlaneEndpoint, kubernetesNodes, labelsOf, taintsOf } from './kubernetes.ts'
import { parseClusterFile } from './parse.ts'
import { GOOD, NINE, lines, nine } from './sample.ts'

test('nine machines are right, and control-plane means master', () => {
  const { cluster, problems } = parseClusterFile(NINE, '/srv/cluster.yaml')
  expect(problems).toEqual([])
  expect(cluster?.nodes[4]).toMatchObject({ name: 'master02', roles: ['master'] })
  expect(controlPlaneEndpoint(cluster!)).toEqual({ host: 'service01', port: 6443 })
  expect(kubernetesNodes(cluster!).map(({ name }) => name)).toEqual([
    'master01',
    'master02',
    'worker01',
    'worker02',
    'worker03',
  ])
  expect(cluster?.kubernetes).toEqual({
    version: '1.37.2',
    source: {
      kind: 'release',
      url: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/{program}',
      checksums: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/{program}.sha256',
      proxy: undefined,
    },
    imageRepository: 'registry.k8s.io',
    podNetwork: '10.244.0.0/16',
    serviceNetwork: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    apiServer: { arguments: {} },
    controllerManager: { arguments: {} },
    scheduler: { arguments: {} },
    kubelet: { configuration: {} },
    kubeProxy: { configuration: {} },
    flannel: 'daemonset',
    nodeLabels: {},
    taints: {},
    pki: { caKey: 'masters', days: 365 },
  })
})

test('a file without Kubernetes has none, and the two names of a role are one', () => {
  expect(parseClusterFile(GOOD, 'cluster.yaml').cluster).not.toHaveProperty('kubernetes')
  expect(lines(GOOD.replace('roles: [etcd] }', 'roles: [etcd, master, control-plane] }'))).toEqual([
    expect.stringContaining('the role master appears twice'),
  ])
  expect(lines(GOOD.replace('roles: [etcd] }', 'roles: [control-plain] }'))).toEqual([
    expect.stringContaining('"control-plain" is not known'),
  ])
})

test.each([
  ['source: release', 'release', { url: expect.stringContaining('dl.k8s.io') }],
  ['source: modules', 'modules', { checksumDatabase: true, proxy: undefined, go: undefined }],
  ['source: { modules: { go: go/bin/go } }', 'modules', { go: '/srv/go/bin/go' }],
  ['source: { folder: ~/bundle.tar }', 'folder', { path: '/home/ann/bundle.tar', sha256: undefined }],
  [
    `source: { folder: { path: bundle, sha256: ${'AB'.repeat(32)} } }`,
    'folder',
    { path: '/srv/bundle', sha256: 'ab'.repeat(32) },
  ],
  [
    'source: { release: { mirror: "https://m.example.org/k/" } }',
    'release',
    { url: 'https://m.example.org/k/v{version}/bin/linux/{arch}/{program}' },
  ],
])('%s', (more, kind, expected) => {
  const text = `${NINE}  ${more}\n`
  const { cluster, problems } = parseClusterFile(text, '/srv/cluster.yaml', { home: '/home/ann' })
  expect(problems).toEqual([])
  expect(cluster?.kubernetes?.source).toMatchObject({ kind, ...expected })
})

test.each([
  [
    'source: debian',
    /17:11: kubernetes\.source: the text "debian" is not a source of Kubernetes; write release/,
  ],
  [
    'source: 3',
    /17:11: kubernetes\.source: the number 3 is not a source of Kubernetes; write release, modules/,
  ],
  ['source: {}', /17:11: kubernetes\.source is empty; write one of release, modules, folder/],
  ['source: { modules: {}, folder: x }', /it can only be one/],
  [
    'source: { modules: { porxy: x } }',
    /unknown key porxy in kubernetes\.source\.modules; check the spelling: the closest match is proxy/,
  ],
  ['source: { folder: 3 }', /kubernetes\.source\.folder: the number 3 is not a directory/],
  ['source: { folder: "" }', /kubernetes\.source\.folder: an empty path/],
  [`source: { folder: { sha256: ${'a'.repeat(64)} } }`, /kubernetes\.source\.folder\.path is missing/],
  [
    'source: { release: { url: "https://a/{program}" } }',
    /has url without checksums: a program and its checksums/,
  ],
  [
    'source: { release: { url: "https://a/kubelet", checksums: "https://a/{program}" } }',
    /release\.url: without \{program\} all programs would be the same file/,
  ],
  ['source: { release: { mirror: "http://a/" } }', /warning: .*mirror: over http anyone/],
  ['source: { modules: { checksumDatabase: false } }', /warning: .*checksumDatabase: without the checksum/],
])('%s is said', (more, expected) => {
  expect(nine(more)).toEqual([expect.stringMatching(expected)])
})

test.each<[string, readonly [string, string], RegExp]>([
  [
    'no load balancer',
    ['loadBalancer: { url: "https://service01:6443", managed: true }\n', ''],
    /^cluster\.yaml:14:1: kubernetes needs loadBalancer\.url: /,
  ],
  [
    'an address',
    ['https://service01:', 'https://198.18.9.41:'],
    /:14:22: loadBalancer\.url: 198\.18\.9\.41 is/,
  ],
  ['an IPv6 address', ['https://service01:', 'https://[2001:db8::1]:'], /2001:db8::1 is an address, and/],
  [
    'http',
    ['https://service01:6443", managed: true', 'http://lb"'],
    /API servers speak TLS alone; write https:\/\/lb/,
  ],
  [
    'a master',
    ['https://service01:6443", managed: true', 'https://master01"'],
    /warning: .*master01 is a control-plane node/,
  ],
  ['an old etcd', ['"3.6.16"', '"3.5.16"'], /:13:18: etcd\.version: etcd 3\.5\.16 is too old .* 3\.5\.24/],
  ['one master', ['roles: [control-plane]', 'roles: [service]'], /warning: kubernetes: one master/],
  [
    'an IPv6 node',
    ['address: 198.18.9.31', 'address: 2001:db8::31'],
    /:8:32: node worker01, address: quorate sets up Kubernetes with IPv4 alone/,
  ],
])('the rest of the file has to fit: %s', (_, replaced, expected) => {
  expect(nine('', replaced).filter((line) => expected.test(line))).not.toEqual([])
})

test('a name that no certificate of a kubelet has room for is refused with its place; elsewhere it may be', () => {
  const long = 'w'.repeat(53)
  expect(
    nine(
      '',
      ['name: service01', `name: ${long}`],
      ['https://service01:', 'https://lb:'],
      ['roles: [service]', 'roles: [service, worker]'],
    ),
  ).toEqual([
    `cluster.yaml:11:13: node ${long}: its name is longer than 52 characters, for which a kubelet's certificate has room; write a shorter name`,
  ])
  expect(
    nine(
      '',
      ['name: service01', `name: ${'w'.repeat(52)}`],
      ['https://service01:', 'https://lb:'],
      ['roles: [service]', 'roles: [service, worker]'],
    ),
  ).toEqual([])
  expect(nine('', ['name: etcd01', `name: ${'e'.repeat(63)}`])).toEqual([])
})

const port = (key: string, number: number): [string, string] => ['"3.6.16"', `"3.6.16", ${key}: ${number}`]

test('ports that Kubernetes has on the same node', () => {
  const both: [string, string] = [
    'name: etcd01, address: 198.18.9.11, roles: [etcd]',
    'name: etcd01, address: 198.18.9.11, roles: [etcd, worker]',
  ]
  expect(nine('', both, port('clientPort', 10_250))).toEqual([
    expect.stringContaining(
      'etcd.clientPort: on etcd01 port 10250 belongs to the kubelet; write another port',
    ),
  ])
  // Only control-plane nodes use that port.
  expect(nine('', both, port('peerPort', 10_259))).toEqual([])
  expect(nine('', port('peerPort', 10_250))).toEqual([])
  expect(
    nine(
      '',
      [
        'name: service01, address: 198.18.9.41, roles: [service]',
        'name: service01, address: 198.18.9.41, roles: [service, worker]',
      ],
      ['01:6443"', '01:10256"'],
    ),
  ).toEqual([
    expect.stringContaining("loadBalancer.url: on service01 port 10256 belongs to kube-proxy's health"),
  ])
})

test('neither masters nor workers', () => {
  const good = GOOD.replace('3.5.16', '3.6.16')
  const bare = good + 'loadBalancer: { url: "https://lb" }\nkubernetes: { version: "1.37.2" }\n'
  expect(lines(bare)).toEqual([
    'cluster.yaml:9:1: kubernetes: no node has the role master, so its control plane has no place; write roles: [master] on two or more nodes',
    expect.stringMatching(/^cluster\.yaml:9:1: warning: kubernetes: no node has the role worker/),
  ])
  // That node may have been intended as a control-plane node, so only its own fault is reported.
  expect(lines(bare.replace('roles: [etcd]', 'roles: [mastre]'))).toEqual([
    expect.stringContaining('"mastre" is not known'),
  ])
})

test('days of certificates', () => {
  expect(nine('pki: { days: 4000 }')).toEqual([
    expect.stringMatching(/kubernetes\.pki\.days: 4000 is too large/),
  ])
  expect(nine('pki: { days: 900 }')).toEqual([
    expect.stringMatching(/warning: kubernetes\.pki\.days: 900 days/),
  ])
  expect(nine('pki: { days: 1 }')).toEqual([
    expect.stringMatching(/warning: kubernetes\.pki\.days: 1 day leaves/),
  ])
  expect(nine('pki: { caKey: nowhere }')).toEqual([
    expect.stringMatching(/kubernetes\.pki\.caKey: "nowhere"/),
  ])
})

test('what is missing or of another kind is said in words of the file', () => {
  expect(nine('', ['  version: "1.37.2"\n', '  version: 1.37\n'])).toEqual([
    'cluster.yaml:16:12: kubernetes.version: 1.37 without quotes is a number to YAML (3.10 would become 3.1), and an exact version has three parts; write "1.37.2"',
  ])
  expect(nine('', ['  version: "1.37.2"\n', '  dnsDomain: x.y\n'])).toEqual([
    'cluster.yaml:16:3: kubernetes.version is missing; write an exact one, like "1.37.2"',
  ])
  expect(nine('', ['kubernetes:\n  version: "1.37.2"\n', 'kubernetes: yes\n'])).toEqual([
    expect.stringMatching(/kubernetes must be a mapping \(key: value\), and is the text "yes"/),
  ])
  expect(nine('podNetwrok: 10.1.0.0/16')).toEqual([expect.stringMatching(/closest match is podNetwork/)])
})

test('labels and taints of a node are its own alone, whatever it is called', () => {
  const text = NINE.replaceAll('worker01', 'constructor')
  const { cluster, problems } = parseClusterFile(text, 'cluster.yaml')
  expect(problems).toEqual([])
  expect(labelsOf(cluster!.kubernetes!, 'constructor')).toEqual({})
  expect(taintsOf(cluster!.kubernetes!, 'constructor')).toEqual([])
})
