/** A local user of a node who is neither root nor etcd: what they can read of a member, and what they can delay. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import consumers from '../../src/host/agent/consumers.sh?raw'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { applied } from './support/fresh.ts'
import { quorateOk } from './support/quorate.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml'
const ETCD = LAB_ETCD

describe.skipIf(reason)(`a local user of a node${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 1, users: [{ name: 'mallory', sudo: 'none' }] })
    await applied(lab)
  })
  afterAll(async () => {
    await lab.down()
  })
  const on = async (script: string) => await lab.machine('etcd01').check(['sh', '-euc', script])
  const asUser = async (script: string) =>
    await lab.machine('etcd01').exec(['runuser', '-u', 'mallory', '--', 'sh', '-c', script])
  /** Waits until what was started has its new name. */
  const settle = 'settle() { until grep -s -q -x kube-apiserver /proc/[0-9]*/comm; do sleep 0.02; done; }'
  const fetched = "curl -s -m 5 -o /dev/null -w '%{http_code}'"

  test('who names a process kube-apiserver does not hold up a restore', async () => {
    // Under this program name, which the kernel also uses as the process's name.
    await asUser('cp /bin/sleep /tmp/kube-apiserver; setsid /tmp/kube-apiserver 600 >/dev/null 2>&1 &')
    await expect
      .poll(async () => await on('grep -s -l -x kube-apiserver /proc/[0-9]*/comm'))
      .toContain('/comm')
    const identity = await generateX25519Identity()
    await writeFile(path.join(lab.folder, 'key.txt'), `${identity}\n`, { mode: 0o600 })
    const [store, recipient] = [path.join(lab.folder, 'backups'), await identityToRecipient(identity)]
    await quorateOk(lab, ['backup', '--store', store, '--recipient', recipient])
    const [bundle = ''] = (await readdir(store)).filter((name) => name.endsWith('.age'))
    await lab.machine('etcd01').writeFile(MANIFEST, 'kind: Pod\n')
    const words = ['--identity', path.join(lab.folder, 'key.txt'), '--confirm', 'test', '--yes']
    await quorateOk(lab, ['restore', path.join(store, bundle), ...words])
    expect(await on(`cat ${MANIFEST}`)).toBe('kind: Pod\n')
    // It existed all the time.
    expect(await on('pgrep -x kube-apiserver')).toMatch(/^\d+\n$/)
    await on('pkill -x kube-apiserver')
  })

  test("root's process of that name, and one in a pod's cgroup, are waited for", async () => {
    const runs = `${consumers}\nif pod_runs kube-apiserver; then echo yes; else echo no; fi`
    const asked = async (start: string, end: string) =>
      (
        await on(
          `${settle}; cp --remove-destination /bin/sleep /run/kube-apiserver; ${start}\n${runs}\n${end}`,
        )
      ).trim()
    expect(await asked('', '')).toBe('no')
    const begin = 'setsid /run/kube-apiserver 60 >/dev/null 2>&1 & pid=$!; settle'
    expect(await asked(begin, 'kill $pid')).toBe('yes')
    // Like sudo at its prompt, whatever the name of the link by which a user started it.
    expect(await asked(`chmod u+s /run/kube-apiserver; ${begin}`, 'kill $pid')).toBe('no')
    const user = 'setsid setpriv --reuid mallory --clear-groups /run/kube-apiserver 60 >/dev/null 2>&1 &'
    expect(await asked(`${user} pid=$!; settle`, 'kill $pid')).toBe('no')
    const unit = '--unit=pod1 --slice=kubepods.slice --uid=mallory /run/kube-apiserver 60'
    expect(await asked(`systemd-run -q ${unit}; settle`, 'systemctl stop pod1')).toBe('yes')
    const own = '--unit=own1 --uid=mallory /run/kube-apiserver 60'
    expect(await asked(`systemd-run -q ${own}; settle`, 'systemctl stop own1')).toBe('no')
  })

  test('metrics are open to every local user, until etcd.metrics says: clients', async () => {
    const url = 'http://127.0.0.1:2381/metrics'
    expect((await asUser(`${fetched} ${url}`)).stdout).toBe('200')
    expect((await quorateOk(lab, ['preflight'])).split('\n').at(-2)).toContain('etcd.metrics: clients')

    await lab.writeCluster({ etcd: { ...ETCD, metrics: 'clients' } })
    await quorateOk(lab, ['apply', '--yes'])
    expect((await asUser(`${fetched} ${url}`)).stdout).toBe('000')
    expect(await on('ss -Hltn')).not.toContain(':2381')
    const https = 'https://127.0.0.1:2379/metrics'
    expect((await asUser(`${fetched} -k ${https}`)).stdout).toBe('000')
    expect((await asUser('cat /etc/ssl/etcd/etcd.key')).exitCode).not.toBe(0)
    const tls = '--cacert /etc/ssl/etcd/ca.crt --cert /etc/ssl/etcd/etcd.crt --key /etc/ssl/etcd/etcd.key'
    expect(await on(`${fetched} ${tls} ${https}`)).toBe('200')
    expect(await quorateOk(lab, ['preflight'])).not.toContain('etcd.metrics: clients')
    expect(await readFile(lab.clusterFile, 'utf8')).toContain('metrics: clients')
  })
})
