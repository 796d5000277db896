/** `quorate adopt` on clusters that others set up: restarts nothing, and writes only what is true. */
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RemarkId } from '../../src/adopt/member.ts'
import type { AdoptJson } from '../../src/cli/output/values.ts'
import { loadClusterFile } from '../../src/cluster-file/load.ts'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa, opensslCa } from './support/authority.ts'
import { type Shape, etcdPids, setUpForeign } from './support/foreign.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { BY_HAND, KUBEADM, KUBESPRAY, PACKAGED } from './support/shapes.ts'
import { snapshots } from './support/snapshot.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE, UNCHANGED } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const PIN = '/etc/etcd/cluster-id'
const BLOCKED = 8

function adopt(...words: readonly string[]): readonly string[] {
  return ['adopt', '--name', 'prod', '--suite', 'trixie', ...words]
}

/** What it reports, with its remarks by their ID. */
async function reported(at: { readonly clusterFile: string }, words: readonly string[]) {
  const { changed, remarks } = JSON.parse(await quorateOk(at, [...words, '--json'])) as AdoptJson
  const said = (wanted: RemarkId) => remarks.filter(({ id }) => id === wanted).map(({ message }) => message)
  return { changed, remarks, said }
}

describe.skipIf(reason)(`adopt${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3, oneProcessor: false, users: [{ name: 'anna', sudo: 'passwordless' }] })
  })
  afterAll(async () => {
    await lab.down()
  })

  const address = (index: number) => lab.machines[index]?.address ?? ''
  const state = () => path.join(lab.folder, '.quorate')
  /** adopt must write the cluster file. */
  const fresh = async (shape: Shape) => {
    await lab.pristine()
    await rm(lab.clusterFile, { force: true })
    await rm(state(), { recursive: true, force: true })
    return await setUpForeign(lab, lab.machines, shape)
  }
  const login = (user: string) => ['--user', user, '--identity-file', lab.identityFile]
  const file = (name: string) => ({ clusterFile: path.join(lab.folder, `${name}.yaml`) })
  const alone = (name: string, index: number, ...words: string[]) =>
    ['adopt', '--name', name, '--suite', 'trixie', address(index), '--yes'].concat(login('root'), words)
  const put = async (key: string, shape: Shape) => {
    const [certificate] = shape.certificates({ name: shape.names[0] ?? '', address: address(0), all: [] })
    const tls = [
      `--cacert=${shape.ca?.certificate}`,
      `--cert=${certificate?.certificate}`,
      `--key=${certificate?.key}`,
    ]
    const words = [
      '/usr/local/bin/etcdctl',
      `--endpoints=https://${address(0)}:2379`,
      ...tls,
      'put',
      key,
      'kept',
    ]
    await lab.machines[0]?.check(['env', 'ETCDCTL_API=3', ...words])
  }

  describe('one machine each, of two clusters, and one without etcd', () => {
    let ca: OpensslCa
    beforeAll(async () => {
      const [packaged, pod] = lab.machines
      if (packaged === undefined || pod === undefined) throw new TypeError('two machines')
      ca = await setUpForeign(lab, [packaged], PACKAGED)
      await setUpForeign(lab, [pod], KUBEADM)
      await put('before', PACKAGED)
    })

    test('are all reported at once, and nothing is written', async () => {
      const refused = await quorate(file('several'), alone('several', 0, address(1), address(2)))
      expect(refused).toFail('blocked/no-etcd-on-the-node', { host: address(2) })
      for (const host of [address(0), address(1)])
        expect(refused).toFail('blocked/several-clusters', {
          host,
          says: new RegExp(`${host}: .* cluster [0-9a-f]+,`),
        })
      expect(existsSync(file('several').clusterFile)).toBe(false)
      expect((await lab.machines[0]?.exec(['test', '-e', PIN]))?.exitCode).toBe(1)
    })

    test('a CA that the members do not trust is refused', async () => {
      const other = await opensslCa(lab.folder, 'other-ca')
      const named = ['--ca-certificate', other.certificate, '--ca-key', other.key]
      const refused = await quorate(file('packaged'), alone('packaged', 0, ...named))
      expect(refused).toFail('pki/not-the-ca-of-the-members')
      expect(existsSync(file('packaged').clusterFile)).toBe(false)
    })

    test("as root, from a package's unit: apply overrides the unit and changes the owner of the data", async () => {
      const named = ['--ca-certificate', ca.certificate, '--ca-key', ca.key]
      const { said } = await reported(file('packaged'), alone('packaged', 0, ...named))
      expect(said('unit-is-overruled')).toEqual([expect.stringContaining('/lib/systemd/system/etcd.service')])
      expect(said('user-changes')).toEqual([expect.stringMatching(/\broot\b.*\betcd\b/)])
      await quorateOk(file('packaged'), ['apply', '--yes'])
      expect((await statusOf(file('packaged'))).exitCode).toBe(0)
      expect(await quorateOk(file('packaged'), ['apply'])).toBe(NOTHING_TO_CHANGE)
      const machine = lab.machine('etcd01')
      expect(await machine.check(['ps', '-o', 'user=', '-C', 'etcd'])).toBe('etcd\n')
      expect(await machine.check(['find', '/opt/etcd', '-mindepth', '1', '!', '-user', 'etcd'])).toBe('')
      const kept = ['etcdctl', '--', 'get', 'before', '--print-value-only']
      expect(await quorateOk(file('packaged'), kept)).toBe('kept\n')
    })

    test("kubeadm's: adopted and watched, and apply leaves it alone, also while it is down", async () => {
      const machine = lab.machine('etcd02')
      const pids = await etcdPids([machine])
      const { said } = await reported(file('pods'), alone('pods', 1))
      expect(said('etcd-is-run-by-something-else')).toEqual([
        expect.stringMatching(/kubelet, .*\/etc\/kubernetes\/manifests\/etcd\.yaml/),
      ])
      expect((await statusOf(file('pods'))).exitCode).toBe(0)
      const applied = await quorate(file('pods'), ['apply', '--yes'])
      expect(applied).toFail('blocked/run-by-something-else', { says: 'kubelet' })
      expect(await etcdPids([machine])).toEqual(pids)
      await machine.check(['systemctl', 'stop', 'static-pod-etcd'])
      expect((await quorate(file('pods'), ['apply', '--yes'])).exitCode).toBe(BLOCKED)
      expect((await machine.exec(['test', '-e', '/etc/systemd/system/etcd.service'])).exitCode).toBe(1)
    })
  })

  describe('set up by hand', () => {
    let pids: readonly string[]
    let ca: OpensslCa
    beforeAll(async () => {
      ca = await fresh(BY_HAND)
      await put('before', BY_HAND)
      // As the handbook describes it, and flannel before 0.18 reads it.
      const network = JSON.stringify({ Network: '10.5.0.0/16', SubnetLen: 24, Backend: { Type: 'vxlan' } })
      const store = 'http://127.0.0.1:2379/v2/keys/coreos.com/network/config'
      const curl = ['curl', '-sS', '--fail', '-X', 'PUT', '--data-urlencode', `value=${network}`, store]
      await lab.machines[0]?.check(curl)
      pids = await etcdPids(lab.machines)
    })

    test('shows everything and writes nothing without a yes', async () => {
      const before = await snapshots(lab.machines, ['/opt/etcd'])
      const words = adopt(
        address(0),
        ...login('root'),
        '--ca-certificate',
        ca.certificate,
        '--ca-key',
        ca.key,
      )
      const refused = await quorate(lab, words)
      expect(refused).toFail('unconfirmed', { fix: '--yes' })
      const preview = await quorate(lab, [...words, '--preview', '--yes'])
      expect(preview.exitCode).toBe(0)
      expect(preview.stdout).toContain('etcd03')
      const { changed, remarks, said } = await reported(lab, [...words, '--preview', '--yes'])
      expect(changed).toBe(false)
      for (const { message } of remarks) expect(preview.stdout).toContain(message)
      expect(said('not-a-setting').join()).toMatch(/^ETCD_NO_SUCH_SETTING /)
      expect(said('environment-is-not-carried-over').join()).toContain('GOGC=50')
      // Certificate files are set, so that it has no effect; the other one is off.
      expect(said('setting-without-effect').join()).toContain('ETCD_AUTO_TLS=true')
      expect(preview.stdout).not.toMatch(/[!·] .*ETCD_PEER_AUTO_TLS/)
      expect(existsSync(lab.clusterFile)).toBe(false)
      expect(await snapshots(lab.machines, ['/opt/etcd'])).toEqual(before)
    })

    test('is adopted through one machine, and keeps running unchanged', async () => {
      const words = adopt(
        address(0),
        ...login('root'),
        '--ca-certificate',
        ca.certificate,
        '--ca-key',
        ca.key,
      )
      await lab.machines[0]?.check(['sh', '-c', WRITER])
      const report: unknown = JSON.parse(await quorateOk(lab, [...words, '--yes', '--json']))
      const writes = await lab.machines[0]?.check(['sh', '-c', 'systemctl stop writer; cat /tmp/writes'])
      expect(writes).toMatch(/^(?:OK\n){3,}$/)
      expect(report).toMatchObject({
        changed: true,
        cluster: { name: 'prod' },
        plan: { blocked: expect.any(Array) as unknown },
      })
      expect(await etcdPids(lab.machines)).toEqual(pids)
      const { cluster } = await loadClusterFile(lab.clusterFile)
      expect(cluster.nodes.map(({ name, names }) => [name, names])).toEqual([
        ['etcd01', ['etcd01.example.org']],
        ['etcd02', ['etcd02.example.org']],
        ['etcd03', ['etcd03.example.org']],
      ])
      expect(cluster.etcd).toMatchObject({
        version: '3.5.16',
        dataDirectory: '/opt/etcd/data',
        walDirectory: '/opt/etcd/wal',
        localPlaintext: true,
        enableV2: true,
        settings: { 'heartbeat-interval': '150', 'auto-compaction-retention': '0' },
      })
      expect(cluster.network).toMatchObject({ v2: true, config: { Network: '10.5.0.0/16', SubnetLen: 24 } })
      expect(cluster.pki).toMatchObject({ layout: 'single', algorithm: 'rsa-2048' })
    })

    test('then quorate knows it', async () => {
      const { exitCode, report } = await statusOf(lab)
      expect(report.cluster).toMatchObject({ name: 'prod', healthy: true, healthyMembers: 3 })
      expect(exitCode).toBe(0)
      for (const machine of lab.machines)
        expect(await machine.readFile(PIN)).toContain(`cluster=prod\ncluster-id=${report.cluster.id}\n`)
      expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('kept\n')
    })

    test('a second run has nothing to do; a file that says something else is left alone', async () => {
      const words = adopt(
        address(1),
        ...login('root'),
        '--ca-certificate',
        ca.certificate,
        '--ca-key',
        ca.key,
      )
      const again = await quorateOk(lab, [...words, '--yes'])
      expect(again).toContain(UNCHANGED)
      const text = await readFile(lab.clusterFile, 'utf8')
      await writeFile(lab.clusterFile, `${text}# mine\n`)
      const refused = await quorate(lab, [...words, '--yes'])
      expect(refused).toFail('usage/cluster-file-exists', { says: lab.clusterFile })
      expect(await readFile(lab.clusterFile, 'utf8')).toBe(`${text}# mine\n`)
      await writeFile(lab.clusterFile, text)
    })

    test('killed while it writes, it is finished by the next run', async () => {
      for (const machine of lab.machines) await machine.check(['rm', PIN])
      await rm(lab.clusterFile)
      const words = adopt(
        address(0),
        ...login('root'),
        '--ca-certificate',
        ca.certificate,
        '--ca-key',
        ca.key,
      )
      const { child, ended } = startQuorate(lab, [...words, '--yes'])
      child.stderr?.on('data', (text: string) => {
        if (text.includes(`write ${PIN}`)) child.kill('SIGKILL')
      })
      await ended
      // The cluster file is written last: without it the cluster is not adopted.
      expect(existsSync(lab.clusterFile)).toBe(false)
      await quorateOk(lab, [...words, '--yes'])
      for (const machine of lab.machines) expect(await machine.readFile(PIN)).toContain('cluster=prod\n')
      expect((await statusOf(lab)).exitCode).toBe(0)
    })

    test("then apply makes it quorate's own, one member at a time, without client-visible impact", async () => {
      const plan = await quorate(lab, ['plan'])
      expect(plan.exitCode).toBe(2)
      expect(plan.stdout).toMatch(/with ETCD_AUTO_TLS=true\b/)
      expect(plan.stdout).toMatch(/another unit\b/)
      // Equivalent spellings, and variables that etcd doesn't read, are not differences.
      expect(plan.stdout).not.toMatch(/with ETCD_(?:ENABLE_V2|HEARTBEAT_INTERVAL|NO_SUCH_SETTING)/)
      expect(noticed(await quorateOk(lab, ['apply', '--yes', '--json']))).toEqual(NOTHING)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, problems: [] })
      expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('kept\n')
    })

    test('the v2 API that was on as True still takes what is put there', async () => {
      const key = `http://127.0.0.1:2379/v2/keys/after`
      const curl = ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PUT', '-d', 'value=1', key]
      expect(await lab.machines[1]?.check(curl)).toBe('201')
    })

    test('under another name it is refused: it has its mark', async () => {
      const other = { clusterFile: path.join(lab.folder, 'other.yaml') }
      const words = ['adopt', '--name', 'other', address(0), ...login('root'), '--yes']
      const refused = await quorate(other, words)
      expect(refused).toFail('blocked/already-managed', { says: "'prod'" })
      expect(existsSync(other.clusterFile)).toBe(false)
    })
  })

  describe('set up by Kubespray', () => {
    test('is adopted by a login that uses sudo; the CA is found', async () => {
      await fresh(KUBESPRAY)
      await put('before', KUBESPRAY)
      const pids = await etcdPids(lab.machines)
      await quorateOk(lab, adopt(`anna@${address(2)}`, '--identity-file', lab.identityFile, '--yes'))
      expect(await etcdPids(lab.machines)).toEqual(pids)
      const said: unknown = parse(await readFile(lab.clusterFile, 'utf8'))
      expect(said).toMatchObject({
        ssh: { user: 'anna' },
        pki: {
          authority: {
            host: {
              name: 'etcd1',
              certificate: '/etc/ssl/etcd/ssl/ca.pem',
              key: '/etc/ssl/etcd/ssl/ca-key.pem',
            },
          },
        },
        etcd: {
          dataDirectory: '/var/lib/etcd',
          walDirectory: '/var/lib/etcd/member/wal',
          settings: { 'election-timeout': '5000', 'heartbeat-interval': '250', 'snapshot-count': '100000' },
        },
      })
      const { exitCode, report } = await statusOf(lab)
      expect(report.cluster.problems).toEqual([])
      expect(exitCode).toBe(0)
    })

    test('apply takes it over, and what others use in /etc/ssl/etcd stays where it was', async () => {
      expect(noticed(await quorateOk(lab, ['apply', '--yes', '--json']))).toEqual(NOTHING)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect((await statusOf(lab)).exitCode).toBe(0)
      // As an API server uses it.
      await put('after', KUBESPRAY)
      expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'after', '--print-value-only'])).toBe('kept\n')
      await quorateOk(lab, ['certs', 'client', 'anna'])
    })
  })
})

/** The client-visible impact in the last line of `apply --json`, without its durations. */
function noticed(stdout: string): Record<string, unknown> {
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { availability: Availability }
  const { writes, reads, watch, lostWrites, revisionsBackwards, verified } = last.availability.report
  const failed = writes.failed + reads.failed
  return { failed, stale: reads.stale, missing: watch.missing, lostWrites, revisionsBackwards, verified }
}

/** Keeps writing, and records each answer. */
const WRITER = `systemd-run --quiet --unit writer --setenv ETCDCTL_API=3 sh -c '
while sleep 0.1; do etcdctl --endpoints http://127.0.0.1:2379 put written now || echo failed; done >/tmp/writes 2>&1'`

const NOTHING = { failed: 0, stale: 0, missing: 0, lostWrites: 0, revisionsBackwards: 0, verified: true }
