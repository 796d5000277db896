/** kubeadm itself accepts the certificates and kubeconfigs that quorate issues, and creates none of its own. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Authority } from '../../src/pki/authority.ts'
import { openLocalAuthority } from '../../src/pki/local.ts'
import { openssl, opensslCsr } from '../../src/pki/testing.ts'
import {
  type AuthoritiesSession,
  leafRequest,
  openKubernetesAuthorities,
} from '../../src/kubernetes/authorities.ts'
import { type Leaf, leafConfiguration, leavesOf } from '../../src/kubernetes/certificates.ts'
import { base64 } from '../../src/kubernetes/kubeconfig.ts'
import { leafTemplate } from '../../src/kubernetes/leaf-template.ts'
import { PLACES } from '../../src/kubernetes/places.ts'
import { secretFilesOf } from '../../src/kubernetes/secret-files.ts'
import { sampleKubernetesCluster } from '../../src/spec/sample-kubernetes.ts'
import { builtKubernetes, whyNoKubernetes } from './built.ts'

const reason = await whyNoKubernetes()
const sample = sampleKubernetesCluster()
const NODE = 'master01'

describe.skipIf(reason)(`kubeadm and certificates${reason === undefined ? '' : ` (${reason})`}`, () => {
  let folder: string
  /** The local path of the node's `/`. */
  const at = (file: string) => path.join(folder, 'node', file)
  const kubeadm = async (...words: readonly string[]) => {
    const found = await promisify(execFile)(path.join(folder, 'kubeadm'), words, { timeout: 60_000 })
    return `${found.stdout}${found.stderr}`
  }

  const put = async (file: string, text: string) => {
    await mkdir(path.dirname(at(file)), { recursive: true })
    await writeFile(at(file), text, { mode: 0o600 })
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quorate-kubeadm-'))
    const [program] = (await builtKubernetes()).files
    await symlink(program?.path ?? '', path.join(folder, 'kubeadm'))
    const cluster = { ...sample, stateDirectory: path.join(folder, 'state') }
    const node = cluster.nodes.find(({ name }) => name === NODE)
    if (node === undefined) throw new TypeError(NODE)
    const session = sessionOf(cluster)
    const authorities = await openKubernetesAuthorities(session)
    await authorities.make()
    for (const { path: file, secret } of secretFilesOf(cluster, node))
      await put(file, await authorities.secret(secret))
    const ca = (await authorities.bundles())?.kubernetes ?? ''
    for (const leaf of leavesOf(cluster, node)) {
      const csr = opensslCsr(folder, leafConfiguration(leaf, 'ecdsa-p256'))
      const key = await readFile(path.join(folder, 'node.key'), 'utf8')
      const [issued] = await authorities.issueMany([leafRequest(cluster, leaf, csr)])
      for (const [file, text] of filesOf(leaf, issued?.pem ?? '', key, ca)) await put(file, text)
    }
    await writeFile(path.join(folder, 'kubeadm.yaml'), configuration(node.address))
  }, 3_600_000)
  afterAll(async () => await rm(folder, { recursive: true, force: true }))

  test('every certificate of its own is there already', async () => {
    const said = await kubeadm('init', 'phase', 'certs', 'all', '--config', path.join(folder, 'kubeadm.yaml'))
    const lines = said.split('\n').filter((line) => line.includes('certs'))
    const existing = lines.filter((line) => /Using (?:the )?existing/.test(line))
    expect({ said, existing: existing.length }).toMatchObject({ existing: 6 })
    expect(said).not.toMatch(/Generating|signed for|error/i)
  })

  test('so are its kubeconfigs', async () => {
    for (const phase of ['admin', 'kubelet', 'controller-manager', 'scheduler']) {
      const before = await readFile(at(`/etc/kubernetes/${phase}.conf`), 'utf8')
      const words = ['init', 'phase', 'kubeconfig', phase, '--config', path.join(folder, 'kubeadm.yaml')]
      const said = await kubeadm(...words, '--kubeconfig-dir', at('/etc/kubernetes'))
      expect(said).toContain('Using existing kubeconfig file')
      expect(await readFile(at(`/etc/kubernetes/${phase}.conf`), 'utf8')).toBe(before)
    }
  })

  test('and it reads from them when they expire, without a word of a missing one', async () => {
    const said = await kubeadm('certs', 'check-expiration', '--config', path.join(folder, 'kubeadm.yaml'))
    for (const name of ['apiserver', 'apiserver-kubelet-client'])
      expect(said).toMatch(new RegExp(`^${name} .* no *$`, 'm'))
    // Its CA's key is not on any node.
    expect(said).toMatch(/^front-proxy-client .* yes *$/m)
    expect(openssl(folder, 'verify', '-CAfile', at(PLACES.ca), at(`${PLACES.pki}/apiserver.crt`))).toContain(
      'OK',
    )
  })

  function configuration(address: string): string {
    const { kubernetes, loadBalancerUrl = '' } = sample
    return `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${address} }
nodeRegistration: { name: ${NODE}, criSocket: 'unix:///run/containerd/containerd.sock' }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v${kubernetes?.version}
certificatesDir: ${at(PLACES.pki)}
controlPlaneEndpoint: ${new URL(loadBalancerUrl).host}
networking: { serviceSubnet: ${kubernetes?.serviceNetwork}, dnsDomain: ${kubernetes?.dnsDomain} }
etcd: { external: { endpoints: ['https://${address}:2379'], caFile: /c, certFile: /d, keyFile: /e } }
`
  }
})

async function askPassphrase(): Promise<string> {
  return await Promise.reject(new Error('nobody is asked'))
}

function sessionOf(cluster: AuthoritiesSession['cluster']): AuthoritiesSession {
  const etcd: Authority = openLocalAuthority({
    clusterName: cluster.name,
    directory: path.join(cluster.stateDirectory, 'ca'),
    passphrase: false,
    algorithm: 'ecdsa-p256',
    askPassphrase,
    now: () => new Date(),
  })
  return {
    cluster,
    now: () => new Date(),
    signal: AbortSignal.timeout(600_000),
    askPassphrase,
    fleet: { get: async () => await Promise.reject(new Error('no machine is asked')) },
    authority: async () => await Promise.resolve(etcd),
  }
}

/** As the agent writes them on a node: `src/host/leaves.test.ts` tests the agent itself. */
function filesOf(leaf: Leaf, pem: string, key: string, ca: string): readonly (readonly [string, string])[] {
  const { place, kubeconfig } = leaf
  if (place.form === 'kubeconfig') {
    const data = { '@certificate@': base64(pem), '@key@': base64(key) }
    const text = leafTemplate(leaf, ca).replaceAll(
      /@(?:certificate|key)@/g,
      (slot) => data[slot as keyof typeof data],
    )
    return [[place.path, text]]
  }
  const own: (readonly [string, string])[] =
    place.form === 'pair'
      ? [
          [place.certificate, pem],
          [place.key, key],
        ]
      : [[place.path, `${pem}${key}`]]
  return kubeconfig === undefined ? own : [...own, [kubeconfig.path, leafTemplate(leaf, ca)]]
}
