/** The main task on real machines: from three empty ones to a healthy cluster, judged by standard tools. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/lab/tool.ts'
import { etcdBinaries, etcdOf, type EtcdChoice } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import {
  curlHere,
  curlWithCertificate,
  endpoints,
  etcdctlHere,
  fetchFile,
  openssl,
  operatorFiles,
} from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const NAMES = ['etcd01', 'etcd02', 'etcd03']
const CHOICES: readonly EtcdChoice[] = ['bullseye', 'bookworm', 'trixie', 'sid', '3.6.16', '3.7.3']

describe.skipIf(reason)(`apply${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
  })
  afterAll(async () => {
    await lab.down()
  })
  const addresses = () => lab.machines.map((machine) => machine.address)
  const status = async () => (await statusOf(lab)).report

  describe.each(CHOICES)('etcd %s', (choice) => {
    let version: string
    beforeAll(async () => {
      version = (await etcdBinaries(choice)).version
      await startOver(lab, { etcd: { ...etcdOf(choice), version } })
    })
    const etcdctl = async (...args: string[]) => {
      const result = await etcdctlHere(lab, { etcd: choice, addresses: addresses() }, args)
      expect(result, `etcdctl ${args.join(' ')}`).toMatchObject({ exitCode: 0 })
      return result.stdout
    }

    test('plan announces the changes, apply makes them, a second apply and plan find nothing to change', async () => {
      const { stdout: plan, exitCode } = await quorate(lab, ['plan'])
      expect(exitCode).toBe(2)
      for (const word of [
        ...NAMES,
        `install etcd ${version}`,
        '/etc/etcd/options.env',
        'enable etcd.service',
      ])
        expect(plan).toContain(word)
      // Planning changes nothing.
      expect((await lab.machine('etcd01').exec(['test', '-e', '/etc/etcd'])).exitCode).toBe(1)
      await quorateOk(lab, ['apply'])
      const pids = await mainPids()
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
      expect(await mainPids()).toEqual(pids)
    })

    test('inspecting members leaves no complaint in their journals', async () => {
      // These journals also contain the first apply and plan; etcdctl and curl, whose connections may end in any way,
      // come later.
      for (const words of [['status'], ['preflight'], ['probe', '--for', '1s']]) await quorateOk(lab, words)
      for (const machine of lab.machines) {
        const journal = await machine.check(['journalctl', '--no-pager', '-o', 'cat', '-u', 'etcd'])
        expect(journal.split('\n').filter((line) => line.includes('rejected connection'))).toEqual([])
      }
    })

    test('status has the documented shape and says healthy; etcdctl, curl and HashKV say the same', async () => {
      const report = await status()
      expect(report.cluster).toEqual({
        name: 'test',
        id: expect.stringMatching(/^[0-9a-f]{1,16}$/) as string,
        healthy: true,
        health: 'healthy',
        quorum: 2,
        healthyMembers: 3,
        unknownMembers: 0,
        leader: expect.stringMatching(/^etcd0[123]$/) as string,
        problems: [],
        problemDetails: [],
        caExchange: false,
        version: version.replace(/\.\d+$/, ''),
        downgrade: null,
        versionTrouble: null,
        notes: [],
        noteDetails: [],
      })
      for (const [index, member] of report.members.entries()) {
        expect(member).toEqual({
          name: NAMES[index],
          etcdName: NAMES[index],
          address: addresses()[index],
          id: expect.stringMatching(/^[0-9a-f]{1,16}$/) as string,
          healthy: true,
          leader: member.name === report.cluster.leader,
          learner: false,
          version,
          dbSizeBytes: expect.any(Number) as number,
          raftTerm: expect.any(Number) as number,
          raftIndex: expect.any(Number) as number,
          alarms: [],
          certificateDaysLeft: 364,
          problem: null,
          code: null,
          askedFrom: null,
        })
      }
      expect(await quorateOk(lab, ['status'])).toContain(`cluster test (${report.cluster.id}) is healthy`)

      await etcdctl('endpoint', 'health', '--cluster')
      const fields = await etcdctl('member', 'list', '-w', 'fields')
      const clusterId = /"ClusterID" : (\d+)/.exec(fields)?.[1] ?? 0
      expect(BigInt(clusterId).toString(16)).toBe(report.cluster.id)
      const members = (await etcdctl('member', 'list')).trim().split('\n')
      expect(members.map((line) => line.split(', ').slice(0, 3).join()).sort()).toEqual(
        report.members.map(({ id, name }) => `${id},started,${name}`).sort(),
      )
      const statuses = await etcdctl('endpoint', 'status')
      for (const [index, { id, leader }] of report.members.entries())
        expect(statuses).toMatch(
          new RegExp(
            `${addresses()[index]}:2379, ${id}, ${version}, (?:(?!true|false)[^,]+, )+${String(leader)}, `,
          ),
        )
      const hashes = (await etcdctl('endpoint', 'hashkv')).trim().split('\n')
      expect(new Set(hashes.map((line) => line.split(', ')[1])).size).toBe(1)

      await etcdctl('put', 'greeting', 'from etcdctl')
      for (const endpoint of endpoints(addresses())) {
        expect(JSON.parse((await curlWithCertificate(lab, `${endpoint}/health`)).stdout)).toMatchObject({
          health: 'true',
        })
        const { stdout } = await curlWithCertificate(lab, `${endpoint}/version`)
        expect(JSON.parse(stdout)).toMatchObject({ etcdserver: version })
      }
    })

    test('clients without a certificate, or without TLS, are turned away', async () => {
      const [ca] = operatorFiles(lab)
      const [endpoint = ''] = endpoints(addresses())
      const naked = await curlHere(['--cacert', ca, `${endpoint}/health`])
      expect([35, 52, 55, 56]).toContain(naked.exitCode)
      expect(naked.stdout).toBe('')
      const plain = await curlHere([endpoint.replace('https:', 'http:') + '/health'])
      expect(plain.stdout).not.toContain('health"')
      const loopback = await lab.machine('etcd01').exec(['curl', '-sS', 'http://127.0.0.1:2379/health'])
      expect(loopback.stdout).not.toContain('health"')
    })

    test('openssl agrees with the certificates: both purposes, every name, the CA at the end of the chain', async () => {
      for (const [index, name] of NAMES.entries()) {
        const ca = await fetchFile(lab, name, '/etc/ssl/etcd/ca.crt')
        const certificate = await fetchFile(lab, name, '/etc/ssl/etcd/etcd.crt')
        for (const purpose of ['sslserver', 'sslclient'])
          expect(await openssl('verify', '-CAfile', ca, '-purpose', purpose, certificate)).toContain(': OK')
        const names = await openssl('x509', '-in', certificate, '-noout', '-ext', 'subjectAltName')
        for (const san of [`DNS:${name}`, 'DNS:localhost', `IP Address:${addresses()[index]}`, '127.0.0.1'])
          expect(names).toContain(san)
        expect(names).toContain('IP Address:0:0:0:0:0:0:0:1')
        const [caFile, clientCertificate, clientKey] = operatorFiles(lab)
        const handshake = await run(
          [
            ['openssl', 's_client', '-connect', `${addresses()[index]}:2379`, '-showcerts'],
            ['-CAfile', caFile, '-cert', clientCertificate, '-key', clientKey],
            ['-verify_return_error', '-verify_ip', addresses()[index] ?? ''],
          ].flat(),
          { stdin: '' },
        )
        expect(handshake.stdout).toContain('Verify return code: 0 (ok)')
        expect(handshake.stdout.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      }
    })

    test('everything is installed as documented, hardened, and etcd has no complaint about its settings', async () => {
      for (const machine of lab.machines) {
        const files = await machine.check(['sh', '-c', LOOK])
        expect(files.trim().split('\n')).toEqual([
          'root:root 644 /etc/ssl/etcd/ca.crt',
          'root:root 644 /etc/ssl/etcd/etcd.crt',
          'root:etcd 640 /etc/ssl/etcd/etcd.key',
          'root:root 755 /etc/ssl/etcd/.',
          'root:etcd 750 /etc/etcd',
          'root:etcd 640 /etc/etcd/options.env',
          'root:root 644 /etc/etcd/cluster-id',
          'root:root 644 /etc/systemd/system/etcd.service',
          'root:root 755 /opt/etcd',
          'etcd:etcd 700 /opt/etcd/data',
          'etcd:etcd 700 /opt/etcd/wal',
          'root:root 755 /usr/local/bin/etcd',
          'root:root 755 /usr/local/bin/etcdctl',
          '/bin/false',
          'enabled',
          'active',
        ])
        const security = await machine.check(['systemd-analyze', 'security', '--no-pager', 'etcd.service'])
        expect(Number(/exposure level for etcd.service: ([\d.]+)/.exec(security)?.[1])).toBeLessThanOrEqual(2)
        const journal = await machine.check(['journalctl', '--no-pager', '-o', 'cat', '-u', 'etcd'])
        expect(journal).toMatch(/ready to serve client requests|serving client traffic securely/)
        expect(journal).not.toMatch(/unrecognized environment|deprecated flag|conflicting environment/i)
        const options = await machine.readFile('/etc/etcd/options.env')
        expect(options).toContain('ETCD_INITIAL_CLUSTER_STATE=existing\n')
        const { cluster } = await status()
        expect(await machine.readFile('/etc/etcd/cluster-id')).toContain(`cluster-id=${cluster.id}\n`)
      }
    })

    test('as user etcd on a node, plain etcdctl works with the files there', async () => {
      const flags = '--cacert=/etc/ssl/etcd/ca.crt --cert=/etc/ssl/etcd/etcd.crt --key=/etc/ssl/etcd/etcd.key'
      const command = `ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 ${flags} get greeting --print-value-only`
      const text = await lab.machine('etcd02').check(['sudo', '-u', 'etcd', 'sh', '-c', command])
      expect(text).toBe('from etcdctl\n')
    })
  })

  test('a machine that reboots is a member again; so are all of them after a power cut', async () => {
    const before = await status()
    const [first] = lab.machines
    await first?.powerOff()
    const { exitCode, report: partial } = await statusOf(lab)
    expect(exitCode).toBe(1)
    expect(partial.members.map(({ healthy }) => healthy)).toEqual([false, true, true])
    expect(partial.cluster).toMatchObject({ healthy: false, healthyMembers: 2 })
    await first?.boot()
    await healthyAgain()
    await Promise.all(lab.machines.map(async (machine) => await machine.kill()))
    await Promise.all(lab.machines.map(async (machine) => await machine.boot()))
    await healthyAgain()
    const after = await status()
    expect(after.cluster.id).toBe(before.cluster.id)
    expect(after.members.map(({ id }) => id)).toEqual(before.members.map(({ id }) => id))
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  async function healthyAgain(): Promise<void> {
    await expect
      .poll(async () => (await quorate(lab, ['status'])).exitCode, { timeout: 60_000, interval: 300 })
      .toBe(0)
  }

  async function mainPids(): Promise<readonly number[]> {
    return await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  }
})

/** Owners and modes of everything that apply installs, then the user's shell and the unit's state. */
const LOOK = `
stat -L -c '%U:%G %a %n' /etc/ssl/etcd/ca.crt /etc/ssl/etcd/etcd.crt /etc/ssl/etcd/etcd.key /etc/ssl/etcd/. \
  /etc/etcd /etc/etcd/options.env /etc/etcd/cluster-id /etc/systemd/system/etcd.service /opt/etcd \
  /opt/etcd/data /opt/etcd/wal /usr/local/bin/etcd /usr/local/bin/etcdctl
getent passwd etcd | cut -d : -f 7
systemctl is-enabled etcd
systemctl is-active etcd`
