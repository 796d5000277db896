/** The commands on real machines, in the built program, as users type them. */
import { mkdir, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ListedCertificate } from '../../src/verbs/certificates/list.ts'
import { runProgram } from '../../src/artifacts/program.ts'
import { cacheDirectory as cacheDirectoryOf } from '../../src/files/cache-directory.ts'
import { tool } from '../../src/lab/tool.ts'
import { standalone } from '../../src/standalone/make.ts'
import type { StatusReport } from '../../src/verbs/status/status.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { opensslCa } from './support/authority.ts'
import { applied, startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE, NOTHING_TO_RESET } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const MEMBERS = ['etcd01', 'etcd02', 'etcd03']

describe.skipIf(reason)(`the command line on machines${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    const members = MEMBERS.map((name) => ({ name, roles: ['etcd'] }))
    lab = await testLab({ machines: [...members, { name: 'worker01', roles: ['worker'] }] })
    await applied(lab)
  })
  afterAll(async () => await lab.down())
  const json = async <T>(...args: string[]) => JSON.parse(await quorateOk(lab, ['--json', ...args])) as T
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])

  test('run: by role, under the prompt of each machine, in the order of the file', async () => {
    const text = await quorateOk(lab, ['run', 'etcd', '--', 'echo', 'a  b', '$HOME'])
    expect(text).toBe(MEMBERS.map((name) => `root@${name}:~$ echo 'a  b' '$HOME'\na  b $HOME\n`).join('\n'))
    const hosts = await json<{ host: string; exitCode: number }[]>('run', 'common', '--', 'true')
    expect(hosts.map(({ host }) => host)).toEqual([...MEMBERS, 'worker01'])
  })

  test('run: one failure among several is an exit code and a line of its own', async () => {
    const script = '[ "$(uname -n)" != etcd02 ] || exit 7'
    const { exitCode, stdout } = await quorate(lab, ['run', 'etcd', '--', 'sh', '-c', script])
    expect(exitCode).toBe(1)
    expect(stdout.match(/\(exit code \d+\)/g)).toEqual(['(exit code 7)'])
  })

  test('etcdctl: on the first node or a named one, with its exit code', async () => {
    await quorateOk(lab, ['etcdctl', 'etcd02', '--', 'put', '/cli/key', 'value'])
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', '/cli/', '--prefix', '--keys-only'])).toBe(
      '/cli/key\n\n',
    )
    const status = await quorateOk(lab, ['etcdctl', 'etcd03', '--', 'endpoint', 'status', '-w', 'json'])
    expect(JSON.parse(status)).toHaveLength(1)
    expect((await quorate(lab, ['etcdctl', '--', 'nonsense'])).exitCode).not.toBe(0)
  })

  test('status, preflight and trust report the same to programs as to people', async () => {
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.members.map(({ name, healthy }) => [name, healthy])).toEqual(
      MEMBERS.map((name) => [name, true]),
    )
    const { summary, checks } = await json<{ summary: { failures: number }; checks: unknown[] }>('preflight')
    expect(summary.failures).toBe(0)
    expect(checks.length).toBeGreaterThan(20)
    const { keys } = await json<{ keys: { host: string; status: string }[] }>('trust')
    expect(keys.map(({ status }) => status)).toEqual(['known', 'known', 'known', 'known'])
  })

  test('quorate as one file says the same of the cluster, where there is nothing else but ssh', async () => {
    const { signal } = new AbortController()
    const cacheDirectory = cacheDirectoryOf(process.env)
    const { file } = await standalone({ cacheDirectory, now: () => new Date(), signal })
    const programs = path.join(lab.folder, 'only-ssh')
    await mkdir(programs)
    await symlink(await tool(['sh', '-c', 'printf %s "$(command -v ssh)"']), path.join(programs, 'ssh'))
    const options = { env: { HOME: lab.folder, PATH: programs }, signal, timeoutMs: 120_000 }
    const alone = async (...args: string[]) =>
      await runProgram(file, ['-f', lab.clusterFile, ...args], options)
    const { exitCode, stdout } = await alone('status', '--json')
    const { members } = JSON.parse(stdout) as StatusReport
    expect(members.map(({ name, healthy }) => [name, healthy])).toEqual(MEMBERS.map((name) => [name, true]))
    expect(exitCode).toBe(0)
    const plan = await quorate(lab, ['plan'])
    expect(await alone('plan')).toMatchObject({ exitCode: plan.exitCode, stdout: plan.stdout })
  })

  test('port 22 alone is enough between the workstation and the machines', async () => {
    const here = lab.machine('etcd01').address.replace(/\.\d+$/, '.1')
    await Promise.all(
      lab.machines.map(async (machine) => {
        await machine.cutNetwork({ peers: [here], ports: [2379, 2380] })
      }),
    )
    try {
      const etcd = `https://${lab.machine('etcd01').address}:2379/health`
      await expect(tool(['curl', '-sk', '--max-time', '1', etcd])).rejects.toThrow(/exit code 28/)
      expect((await statusOf(lab)).exitCode).toBe(0)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      await quorateOk(lab, ['preflight'])
    } finally {
      await Promise.all(lab.machines.map(async (machine) => await machine.restoreNetwork()))
    }
  })

  test('an unreachable machine is a failure of preflight, not the end of it', async () => {
    const nodes = lab.machines.map(({ name, address }) => ({ name, address, roles: ['etcd'] }))
    const away = {
      name: 'away',
      address: lab.machine('etcd01').address.replace(/\.\d+$/, '.99'),
      roles: ['worker'],
    }
    await lab.writeCluster({ nodes: [...nodes, away] })
    try {
      const { exitCode, stdout } = await quorate(lab, ['preflight', '--json'])
      expect(exitCode).toBe(3)
      const { checks } = JSON.parse(stdout) as { checks: { host: string; id: string; result: string }[] }
      expect(checks.find(({ host, id }) => host === 'away' && id === 'access')?.result).toBe('failure')
      expect(checks.some(({ host, result }) => host === 'etcd01' && result === 'ok')).toBe(true)
    } finally {
      await lab.writeCluster({})
    }
  })

  test('certs client: a key for its owner alone, a certificate that etcd and openssl take', async () => {
    const out = path.join(lab.folder, 'api')
    const client = ['certs', 'client', 'kube-apiserver', '--out', out, '--days', '20']
    const made = await json<{ key: string; certificate: string; ca: string; result: string }>(...client)
    expect(made.result).toBe('issued')
    expect((await stat(made.key)).mode & 0o777).toBe(0o600)
    await tool(['openssl', 'verify', '-CAfile', made.ca, made.certificate])
    const url = `https://${lab.machine('etcd02').address}:2379/health`
    const identity = ['--cacert', made.ca, '--cert', made.certificate, '--key', made.key]
    expect(await tool(['curl', '-sS', ...identity, url])).toContain('"health":"true"')
    const again = await json<{ result: string }>(...client)
    expect(again.result).toBe('kept')
  })

  test('certs list: what openssl says of the same files', async () => {
    await quorateOk(lab, ['certs', 'client', 'anna', '--days', '10'])
    const { certificates } = await json<{ certificates: ListedCertificate[] }>('certs', 'list')
    const owners = certificates.map(({ owner }) => owner)
    expect(owners).toEqual(['CA', ...MEMBERS, 'quorate-operator', 'anna'])
    expect(certificates.find(({ owner }) => owner === 'anna')).toMatchObject({ kind: 'client', daysLeft: 9 })
    for (const { owner, file, serial, ips } of certificates.filter(({ kind }) => kind === 'member')) {
      const shown = await on(owner, `openssl x509 -in ${file} -noout -serial`)
      expect(shown.trim()).toBe(`serial=${serial}`)
      expect(ips).toContain(lab.machine(owner).address)
    }
    expect((await quorateOk(lab, ['certs', 'list'])).split('\n')[0]).toMatch(/^WHO +FILE +NAMES +ISSUER/)
  })

  test("reset of a member is refused, and nothing happens without the cluster's name", async () => {
    const member = await quorate(lab, ['reset', 'etcd02', '--confirm', 'test'])
    expect(member).toFail('blocked', { fix: 'quorate member remove etcd02' })
    const unnamed = await quorate(lab, ['reset', '--yes'])
    expect(unnamed).toFail('unconfirmed', { fix: '--confirm test' })
    expect((await quorate(lab, ['reset', '--confirm', 'prod'])).exitCode).toBe(64)
    expect((await statusOf(lab)).exitCode).toBe(0)
  })

  test('reset renames all of it, a second has nothing to do, and apply starts again', async () => {
    const before = (await statusOf(lab)).report.cluster.id
    const text = await quorateOk(lab, ['reset', '--confirm', 'test'])
    const aside = /etcd01: \/opt\/etcd\/data is now (\S+)/.exec(text)?.[1]
    expect(await on('etcd01', `ls ${aside}/member/snap`)).toContain('db')
    expect(await on('etcd01', 'systemctl is-active etcd || true')).toBe('inactive\n')
    expect(await on('etcd01', 'ls /etc/etcd /opt/etcd/data /etc/ssl/etcd 2>/dev/null || true')).not.toContain(
      'etcd.',
    )
    expect(await quorateOk(lab, ['reset', '--confirm', 'test'])).toBe(NOTHING_TO_RESET)
    const { stdout: unset } = await quorate(lab, ['status'])
    expect(unset).toMatch(/fix: .*: quorate apply; .*: quorate restore BACKUP/)
    expect(unset).not.toContain('quorate recover')
    await quorateOk(lab, ['apply'])
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.cluster.id).not.toBe(before)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', '/cli/', '--prefix', '--keys-only'])).toBe('')
  })

  test("another cluster's data on one node is decommissioned by resetting that node, and never removed", async () => {
    await startOver(lab)
    await on('etcd02', 'mkdir -p /opt/etcd/data/member/snap && echo theirs >/opt/etcd/data/member/snap/db')
    const refused = await quorate(lab, ['apply'])
    expect(refused).toFail('blocked/data-of-another-cluster', { host: 'etcd02', fix: 'quorate reset etcd02' })
    const last = (await quorateOk(lab, ['reset', 'etcd02', '--purge', '--confirm', 'test', '--json']))
      .trim()
      .split('\n')
      .at(-1)
    const { moved } = JSON.parse(last ?? '') as { moved: { host: string; from: string; to: string }[] }
    expect(moved).toMatchObject([{ host: 'etcd02', from: '/opt/etcd/data' }])
    expect(await on('etcd02', `cat ${moved[0]?.to}/member/snap/db`)).toBe('theirs\n')
    await quorateOk(lab, ['apply'])
  })

  test('an offline CA: requests out, certificates in, a healthy cluster at the end', async () => {
    const ca = await opensslCa(lab.folder, 'offline-ca')
    await startOver(lab, { pki: { authority: { offline: { certificate: ca.certificate } } } })
    const folder = path.join(lab.folder, 'requests')
    const { files } = await json<{ files: string[] }>('certs', 'csr', '--out', folder)
    expect(files).toEqual([...MEMBERS.map((name) => `${name}-member.csr`), 'quorate-operator-client.csr'])
    const early = await quorate(lab, ['certs', 'import', folder, '--json'])
    expect(early.exitCode).toBe(4)
    expect(JSON.parse(early.stdout)).toMatchObject({
      complete: false,
      missing: expect.arrayContaining([...MEMBERS]),
    })

    await tool([
      'sh',
      '-c',
      'cd "$1" && exec sh sign.sh "$2" "$3" 20',
      'sign',
      folder,
      ca.certificate,
      ca.key,
    ])
    expect(await json('certs', 'import', folder)).toMatchObject({ complete: true, missing: [] })
    await quorateOk(lab, ['apply'])
    expect((await statusOf(lab)).exitCode).toBe(0)
    const { certificates } = await json<{ certificates: ListedCertificate[] }>('certs', 'list')
    expect(new Set(certificates.map(({ issuer }) => issuer))).toEqual(new Set(['CN=offline-ca']))
  })
})
