import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ErrorTopic } from '../error-ids.ts'
import type { LeafState } from '../host/leaves.ts'
import { openLocalAuthority } from '../pki/local.ts'
import { spkiSha256 } from '../pki/certificate.ts'
import { localRemote, openssl, opensslCa, opensslCsr } from '../pki/testing.ts'
import type { Cluster } from '../spec/cluster.ts'
import { sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { type AuthoritiesSession, leafRequest, openKubernetesAuthorities } from './authorities.ts'
import { type Leaf, leafConfiguration, leavesOf } from './certificates.ts'
import { type LeafFault, keptKey, leafFaults } from './faults.ts'
import { base64, renderKubeconfig } from './kubeconfig.ts'
import { leafTemplate } from './leaf-template.ts'
import { masterCredentials, operatorApiCredentials } from './operator.ts'
import { FAULT, secretFault, secretFilesOf } from './secret-files.ts'
import { withoutData } from '../host/leaves.ts'

let folder: string
let asked: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorate-kubernetes-pki-'))
  asked = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const NOW = new Date('2030-05-01T12:00:00Z')

async function askPassphrase(purpose: string): Promise<string> {
  asked.push(purpose)
  return await Promise.resolve('correct horse')
}

function sessionOf(changes: Partial<Cluster> = {}, now = NOW): AuthoritiesSession {
  const cluster = {
    ...sampleKubernetesCluster(),
    stateDirectory: path.join(folder, 'state'),
    loadBalancerUrl: 'https://kube.example.org:6443',
    ...changes,
  }
  const etcd = openLocalAuthority({
    clusterName: cluster.name,
    directory: path.join(folder, 'state/ca'),
    passphrase: false,
    algorithm: 'ecdsa-p256',
    askPassphrase,
    now: () => now,
  })
  return {
    cluster,
    now: () => now,
    signal: new AbortController().signal,
    askPassphrase,
    scryptWorkFactor: 10,
    fleet: { get: async () => await Promise.resolve(localRemote()) },
    authority: async () => await Promise.resolve(etcd),
  }
}

const LOCAL = { home: 'local', certificate: undefined, key: undefined } as const

function withAuthority(authority: Cluster['pki']['authority']): Partial<Cluster> {
  return { pki: { ...sampleKubernetesCluster().pki, authority } }
}

/** The state of a node after a leaf certificate was issued. */
async function stateOf(session: AuthoritiesSession, leaf: Leaf): Promise<LeafState> {
  const authorities = await openKubernetesAuthorities(session)
  const csr = opensslCsr(folder, leafConfiguration(leaf, 'ecdsa-p256'))
  const [issued] = await authorities.issueMany([leafRequest(session.cluster, leaf, csr)])
  const bundles = await authorities.bundles()
  const { place } = leaf
  const owned = { owner: 'root', group: 'root', plain: true }
  const files =
    place.form === 'pair'
      ? { [place.certificate]: { ...owned, mode: '644' }, [place.key]: { ...owned, mode: '600' } }
      : { [place.path]: { ...owned, mode: '600' } }
  return {
    certificate: issued?.pem,
    key: spkiSha256(createPublicKey(readFileSync(path.join(folder, 'node.key'), 'utf8'))),
    kubeconfig:
      leaf.kubeconfig === undefined ? undefined : withoutData(leafTemplate(leaf, bundles?.kubernetes ?? '')),
    files,
    request: undefined,
  }
}

function leafOf({ cluster }: AuthoritiesSession, id: Leaf['id']): Leaf {
  const node = cluster.nodes.find(({ name }) => name === 'master01')
  const leaf = node && leavesOf(cluster, node).find((one) => one.id === id)
  if (leaf === undefined) throw new TypeError(id)
  return leaf
}

async function faults(session: AuthoritiesSession, leaf: Leaf, state: LeafState, now = NOW) {
  const bundles = await (await openKubernetesAuthorities(session)).bundles()
  const judge = {
    cluster: session.cluster,
    ca: bundles?.[leaf.authority],
    serverCa: bundles?.kubernetes,
    now,
  }
  return leafFaults(leaf, state, judge).map(({ code }) => code)
}

test('nothing exists until it is created; then two CAs, keys and checksums, private and complete', async () => {
  const session = sessionOf()
  const authorities = await openKubernetesAuthorities(session)
  expect(await authorities.bundles()).toBeUndefined()
  expect(await authorities.sums()).toBeUndefined()
  expect(existsSync(path.join(folder, 'state/kubernetes'))).toBe(false)
  await authorities.make()
  const bundles = await authorities.bundles()
  await (await openKubernetesAuthorities(session)).make()
  expect(await authorities.bundles()).toEqual(bundles)
  expect(new Set(Object.values(bundles ?? {})).size).toBe(3)
  writeFileSync(path.join(folder, 'k.crt'), bundles?.kubernetes ?? '')
  expect(openssl(folder, 'x509', '-in', 'k.crt', '-noout', '-subject')).toContain('sample Kubernetes CA')
  const home = path.join(folder, 'state/kubernetes')
  expect(readdirSync(path.dirname(home)).toSorted()).toEqual(['ca', 'kubernetes'])
  for (const name of ['ca/ca.key', 'front-proxy-ca/ca.key', 'sa.key', 'encryption.yaml'])
    expect({ name, mode: statSync(path.join(home, name)).mode & 0o777 }).toEqual({ name, mode: 0o600 })
  expect(asked).toEqual([])
})

test('the checksums of what control-plane nodes get equal what they report', async () => {
  const session = sessionOf()
  const authorities = await openKubernetesAuthorities(session)
  await authorities.make()
  const sums = await authorities.sums()
  const master = session.cluster.nodes.find(({ name }) => name === 'master01')
  const files = secretFilesOf(session.cluster, master ?? session.cluster.nodes[0]!)
  expect(files.map(({ path: file }) => path.basename(file))).toEqual([
    'ca.crt',
    'ca.key',
    'front-proxy-ca.crt',
    'sa.key',
    'sa.pub',
    'encryption.yaml',
    'ca.crt',
  ])
  for (const file of files) {
    const text = await authorities.secret(file.secret)
    const sha256 = file.path.endsWith('.key')
      ? spkiSha256(createPublicKey(createPrivateKey(text)))
      : execFileSync('sha256sum', { input: text, encoding: 'utf8' }).slice(0, 64)
    const state = { owner: 'root', group: 'root', mode: file.mode, plain: true, sha256 }
    expect({ file, fault: secretFault(file, state, sums?.[file.secret]) }).toEqual({ file, fault: undefined })
    expect(secretFault(file, { ...state, sha256: 'x' }, sums?.[file.secret])).toBe(FAULT.content)
    expect(secretFault(file, { ...state, mode: '666' }, sums?.[file.secret])).toContain('with mode 666')
    expect(secretFault(file, { ...state, plain: false }, sums?.[file.secret])).toBe(FAULT.kind)
  }
  expect(secretFault(files[0]!, undefined, 'x')).toBe(FAULT.missing)
  const home = {
    ...session.cluster,
    kubernetes: { ...session.cluster.kubernetes!, pki: { caKey: 'home', days: 9 } },
  } as const
  expect(secretFilesOf(home, master!).map(({ secret }) => secret)).not.toContain('ca-key')
  expect(
    secretFilesOf(
      session.cluster,
      session.cluster.nodes.find(({ name }) => name === 'worker01')!,
    ),
  ).toHaveLength(1)
})

test('with a passphrase no key lies in the open, and it is asked for once', async () => {
  const session = sessionOf(withAuthority({ ...LOCAL, passphrase: true }))
  await (await openKubernetesAuthorities(session)).make()
  const home = path.join(folder, 'state/kubernetes')
  const all = execFileSync('find', [home, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n')
  expect(all.map((file) => path.relative(home, file)).toSorted()).toEqual([
    'ca/ca.crt',
    'ca/ca.key.age',
    'encryption.sha256',
    'encryption.yaml.age',
    'front-proxy-ca/ca.crt',
    'front-proxy-ca/ca.key.age',
    'sa.key.age',
    'sa.pub',
  ])
  expect(asked).toHaveLength(1)
  asked = []
  const again = await openKubernetesAuthorities(session)
  await again.sums()
  expect(asked).toEqual([])
  expect(await again.secret('encryption')).toContain('secretbox')
  expect(await again.secret('service-account-key')).toContain('PRIVATE KEY')
  expect(await again.secret('ca-key')).toContain('PRIVATE KEY')
  expect(asked).toHaveLength(1)
}, 60_000)

test('every leaf of a master is as good as it was asked for, and its own CA verifies it', async () => {
  const session = sessionOf()
  const authorities = await openKubernetesAuthorities(session)
  await authorities.make()
  for (const leaf of leavesOf(
    session.cluster,
    session.cluster.nodes.find(({ name }) => name === 'master01')!,
  )) {
    const state = await stateOf(session, leaf)
    expect({ leaf: leaf.id, faults: await faults(session, leaf, state) }).toEqual({
      leaf: leaf.id,
      faults: [],
    })
    writeFileSync(path.join(folder, 'leaf.crt'), state.certificate ?? '')
    const ca = (await authorities.bundles())?.[leaf.authority] ?? ''
    writeFileSync(path.join(folder, 'issuer.crt'), ca)
    const purpose = leaf.profile === 'client' ? 'sslclient' : 'sslserver'
    const args = [
      'verify',
      '-attime',
      String(NOW.getTime() / 1000),
      '-purpose',
      purpose,
      '-CAfile',
      'issuer.crt',
    ]
    expect(openssl(folder, ...args, 'leaf.crt')).toContain('OK')
  }
}, 60_000)

test('a request for more than was decided on is refused: a group, a name', async () => {
  const session = sessionOf()
  const authorities = await openKubernetesAuthorities(session)
  await authorities.make()
  const leaf = leafOf(session, 'scheduler')
  const wrong: readonly [Partial<Leaf>, ErrorTopic, RegExp][] = [
    [
      { organizations: ['system:masters'] },
      'pki/request-for-another-subject',
      / "O=system:masters, CN=system:kube-scheduler", .* CN=system:kube-scheduler/,
    ],
    [
      { commonName: 'system:kube-controller-manager' },
      'pki/request-for-another-subject',
      /, .* CN=system:kube-scheduler$/,
    ],
    [{ names: { dns: ['kubernetes'], ips: [] } }, 'pki/request-for-other-names', /: DNS kubernetes/],
  ]
  for (const [changes, topic, says] of wrong) {
    const csr = opensslCsr(folder, leafConfiguration({ ...leaf, ...changes }, 'ecdsa-p256'))
    await expect(authorities.issueMany([leafRequest(session.cluster, leaf, csr)])).rejects.toFail(topic, {
      says,
    })
  }
})

test.each<[string, (state: LeafState, leaf: Leaf) => LeafState, readonly LeafFault['code'][], boolean]>([
  ['nothing', (state) => state, [], true],
  ['it is gone', (state) => ({ ...state, certificate: undefined }), ['missing'], false],
  ['it has another key', (state) => ({ ...state, key: 'f'.repeat(64) }), ['key'], false],
  ['its kubeconfig is gone', (state) => ({ ...state, kubeconfig: undefined }), ['kubeconfig'], true],
  [
    'its kubeconfig leads elsewhere',
    (state) => ({ ...state, kubeconfig: state.kubeconfig?.replace('https://', 'https://x') }),
    ['kubeconfig'],
    true,
  ],
  [
    'others can read its key',
    (state, { place }) => {
      const file = place.form === 'kubeconfig' ? place.path : ''
      return { ...state, files: { [file]: { owner: 'root', group: 'root', plain: true, mode: '640' } } }
    },
    ['exposed'],
    false,
  ],
  [
    'its group is another',
    (state, { place }) => {
      const file = place.form === 'kubeconfig' ? place.path : ''
      return { ...state, files: { [file]: { owner: 'root', group: 'adm', plain: true, mode: '600' } } }
    },
    ['mode'],
    true,
  ],
])('faults of a kubeconfig: %s', async (_what, change, codes, keeps) => {
  const session = sessionOf()
  await (await openKubernetesAuthorities(session)).make()
  const leaf = leafOf(session, 'admin')
  const found = await faults(session, leaf, change(await stateOf(session, leaf), leaf))
  expect(found).toEqual(codes)
  const kept = keptKey(
    leaf,
    found.map((code) => ({ code, message: '' })),
  )
  expect(kept).toBe(keeps ? '/etc/kubernetes/admin.conf' : undefined)
})

test("a leaf is due like etcd's: within the last tenth of its validity; from another CA, or for another name, it is wrong", async () => {
  const session = sessionOf()
  await (await openKubernetesAuthorities(session)).make()
  const leaf = leafOf(session, 'apiserver')
  const state = await stateOf(session, leaf)
  const in336 = new Date(NOW.getTime() + 336 * 86_400_000)
  expect(await faults(session, leaf, state, in336)).toEqual(['expires-soon'])
  expect(await faults(session, leaf, state, new Date(NOW.getTime() + 334 * 86_400_000))).toEqual([])
  expect(await faults(session, leaf, state, new Date(NOW.getTime() + 366 * 86_400_000))).toEqual(['expired'])
  expect(await faults(session, { ...leaf, authority: 'etcd' }, state)).toEqual(['issuer'])
  expect(await faults(session, { ...leaf, names: { dns: ['a'], ips: [] } }, state)).toEqual([
    'missing-name',
    'foreign-name',
  ])
  expect(await faults(session, { ...leaf, organizations: ['x'] }, state)).toEqual(['subject'])
  expect(await faults(session, { ...leaf, profile: 'client' }, state)).toEqual(['usage'])
})

test("the operator's credentials are kept; those of system:masters are only in memory, and valid for ten minutes", async () => {
  const session = sessionOf()
  const authorities = await openKubernetesAuthorities(session)
  await authorities.make()
  const before = execFileSync('find', [folder, '-type', 'f'], { encoding: 'utf8' })
  const masters = await masterCredentials(session, authorities)
  expect(execFileSync('find', [folder, '-type', 'f'], { encoding: 'utf8' })).toBe(before)
  writeFileSync(path.join(folder, 'm.crt'), masters.cert)
  const said = openssl(
    folder,
    'x509',
    '-in',
    'm.crt',
    '-noout',
    '-subject',
    '-enddate',
    '-nameopt',
    'RFC2253',
  )
  expect(said).toContain('CN=quorate-bootstrap,O=system:masters')
  expect(said).toContain('12:10:00 2030')
  const operator = await operatorApiCredentials(session, authorities)
  expect(await operatorApiCredentials(session, authorities)).toEqual(operator)
  writeFileSync(path.join(folder, 'o.crt'), operator.cert)
  const own = openssl(folder, 'x509', '-in', 'o.crt', '-noout', '-subject', '-nameopt', 'RFC2253')
  expect(own).toContain('CN=quorate-operator,O=quorate:operators')
  expect(spkiSha256(createPublicKey(operator.key))).toBe(spkiSha256(createPublicKey(operator.cert)))
})

test.each(['', 'correct horse'])(
  'on the machine of etcd’s CA: made beside it once, and signed there (passphrase %j)',
  async (passphrase) => {
    opensslCa(folder, 'ca')
    if (passphrase !== '') {
      openssl(
        folder,
        'pkcs8',
        '-topk8',
        '-in',
        'ca.key',
        '-out',
        'locked.key',
        '-passout',
        `pass:${passphrase}`,
      )
      rmSync(path.join(folder, 'ca.key'))
      writeFileSync(path.join(folder, 'ca.key'), readFileSync(path.join(folder, 'locked.key')), {
        mode: 0o600,
      })
    }
    const session = sessionOf(
      withAuthority({
        home: 'host',
        ssh: {
          host: 'root-ca-host',
          user: undefined,
          port: undefined,
          identityFile: undefined,
          jump: undefined,
        },
        hostName: 'root-ca-host',
        certificate: path.join(folder, 'ca.crt'),
        key: path.join(folder, 'ca.key'),
        sudo: false,
      }),
      new Date(),
    )
    const authorities = await openKubernetesAuthorities(session)
    expect(await authorities.bundles()).toBeUndefined()
    await authorities.make()
    const bundles = await authorities.bundles()
    const again = await openKubernetesAuthorities(session)
    await again.make()
    expect(await again.bundles()).toEqual(bundles)
    expect(readdirSync(path.join(folder, 'kubernetes')).toSorted()).toEqual([
      'ca',
      'encryption.sha256',
      passphrase === '' ? 'encryption.yaml' : 'encryption.yaml.enc',
      'front-proxy-ca',
      'sa.key',
      'sa.pub',
    ])
    const key = readFileSync(path.join(folder, 'kubernetes/ca/ca.key'), 'utf8')
    expect(key.includes('ENCRYPTED')).toBe(passphrase !== '')
    const sums = await authorities.sums()
    const encryption = await authorities.secret('encryption')
    expect(execFileSync('sha256sum', { input: encryption, encoding: 'utf8' }).slice(0, 64)).toBe(
      sums?.encryption,
    )
    for (const id of ['ca-key', 'service-account-key'] as const)
      expect(spkiSha256(createPublicKey(createPrivateKey(await authorities.secret(id))))).toBe(sums?.[id])
    const leaf = leafOf(session, 'kubelet-client')
    expect(await faults(session, leaf, await stateOf(session, leaf), new Date())).toEqual([])
    const masters = await masterCredentials(session, authorities)
    expect(masters.cert).toContain('BEGIN CERTIFICATE')
  },
  60_000,
)

test('a kubeconfig is what kubectl reads', () => {
  const text = renderKubeconfig({
    server: 'https://x:1',
    user: 'anna',
    ca: 'CA',
    credentials: { data: { certificate: base64('C'), key: base64('K') } },
  })
  expect(text).toContain(`    certificate-authority-data: ${base64('CA')}\n    server: https://x:1\n`)
  expect(text).toContain(`- name: anna\n  user:\n    client-certificate-data: ${base64('C')}\n`)
})
