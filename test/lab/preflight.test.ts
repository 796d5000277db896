/** Preflight on real machines: without a fault, then with one fault at a time. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Check } from '../../src/preflight/checks.ts'
import { summarize } from '../../src/preflight/checks.ts'
import { preflight } from '../../src/preflight/preflight.ts'
import { etcdNodes } from '../../src/spec/cluster.ts'
import { loadCluster } from '../../src/spec/parse.ts'
import { onAll, openFleet } from '../../src/ssh/fleet.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { OWN_DATA } from '../../src/preflight/ports.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

const ETCD = LAB_ETCD

/** Like the command: loads the file, connects where possible, inspects. */
async function look(
  lab: TestLab,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<readonly Check[]> {
  await lab.writeCluster({ etcd: ETCD, ...changes })
  const { cluster } = await loadCluster(lab.clusterFile)
  await using fleet = await openFleet({ knownHosts: lab.knownHostsFile })
  const { results, errors } = await onAll(cluster.nodes, async (node) => await fleet.get(node.name, node.ssh))
  const remotes = new Map(results.map(({ host, value }) => [host, value]))
  const report = await preflight({ cluster, remotes, troubles: errors, signal: AbortSignal.timeout(60_000) })
  return report.checks
}

/** A shared computer's disk may be slow for a moment, which is a warning, and not a failure of the test. */
function troubles(checks: readonly Check[]) {
  return checks
    .filter(({ result, id }) => result === 'failure' || (result === 'warning' && id !== 'flush'))
    .map(({ host, subject, id, result }) => `${result} ${id} ${subject ?? host ?? ''}`.trimEnd())
}

function find(checks: readonly Check[], id: string, host: string): Check | undefined {
  return checks.find((check) => check.id === id && check.host === host)
}

describe.skipIf(reason)(`preflight of three machines${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 3,
      users: [
        { name: 'anna', sudo: 'passwordless' },
        { name: 'nobodysfool', sudo: 'none' },
      ],
      disks: [{ path: '/small', sizeBytes: 64 * 2 ** 20 }],
      cluster: { network: { Network: '10.5.0.0/16' }, loadBalancer: { url: 'https://etcd01:6443' } },
    })
  })
  afterAll(async () => await lab.down())

  test('finds nothing wrong with good machines, inspects every one and leaves no trace', async () => {
    const before = await listing(lab)
    const checks = await look(lab)
    expect(troubles(checks)).toEqual([])
    expect(summarize({ checks }).failures).toBe(0)
    const dialled = checks.filter(({ id }) => id === 'reach-peer' || id === 'reach-client')
    expect(dialled.map(({ found }) => found)).toEqual(Array.from({ length: 12 }, () => 'reached'))
    for (const { name } of lab.machines) expect(find(checks, 'flush', name)?.found).toContain('50 writes')
    expect(await listing(lab)).toBe(before)
  })

  test('works for a user with sudo, and says so', async () => {
    const checks = await look(lab, { ssh: { user: 'anna', identityFile: lab.identityFile } })
    expect(troubles(checks)).toEqual([])
    expect(find(checks, 'access', 'etcd02')?.found).toMatch(/\banna\b.*\bsudo$/)
  })

  test('a user without sudo is a failure on each machine, not an error', async () => {
    const checks = await look(lab, { ssh: { user: 'nobodysfool', identityFile: lab.identityFile } })
    expect(troubles(checks)).toEqual(['etcd01', 'etcd02', 'etcd03'].map((name) => `failure access ${name}`))
    expect(find(checks, 'access', 'etcd01')?.found).toContain('nobodysfool')
  })

  test('a busy port is found with its owner', async () => {
    const machine = lab.machine('etcd02')
    await machine.check([
      'systemd-run',
      '--unit=squatter',
      'systemd-socket-activate',
      '--accept',
      '-l',
      '2380',
      'true',
    ])
    try {
      const checks = await look(lab)
      expect(troubles(checks)).toEqual(['failure peer-port etcd02'])
      expect(find(checks, 'peer-port', 'etcd02')).toMatchObject({
        found: expect.stringMatching(/^systemd-socket.* \(pid \d+, squatter\.service\) listens on \*:2380$/),
        remedy: expect.stringContaining('systemctl disable --now squatter.service'),
      })
    } finally {
      await machine.check(['systemctl', 'stop', 'squatter'])
    }
  })

  test('a firewall that drops one port between two machines is found on exactly that way', async () => {
    const machine = lab.machine('etcd03')
    await machine.cutNetwork({ peers: [lab.machine('etcd01').address], ports: [2380], direction: 'in' })
    try {
      const checks = await look(lab)
      // Also from etcd03: etcd01's answers come from port 2380.
      expect(troubles(checks)).toEqual([
        'failure reach-peer etcd01 -> etcd03',
        'failure reach-peer etcd03 -> etcd01',
      ])
      expect(checks.find(({ subject }) => subject === 'etcd01 -> etcd03')?.result).toBe('ok')
      expect(checks.find(({ id, result }) => id === 'reach-peer' && result === 'failure')?.found).toContain(
        ' 10 s',
      )
    } finally {
      await machine.restoreNetwork()
    }
  })

  test('an address and a route inside the pod network are found where they are', async () => {
    const machine = lab.machine('etcd01')
    const other = lab.machine('etcd02')
    await machine.check(['ip', 'address', 'add', '10.5.7.1/32', 'dev', 'lo'])
    await other.check(['ip', 'route', 'add', 'unreachable', '10.5.0.0/17'])
    try {
      const checks = await look(lab)
      expect(troubles(checks)).toEqual(['failure pod-network etcd01', 'failure pod-network etcd02'])
      expect(find(checks, 'pod-network', 'etcd01')?.found).toMatch(/^10\.5\.7\.1 on lo /)
      expect(find(checks, 'pod-network', 'etcd02')?.found).toContain('10.5.0.0/17')
    } finally {
      await machine.check(['ip', 'address', 'del', '10.5.7.1/32', 'dev', 'lo'])
      await other.check(['ip', 'route', 'del', 'unreachable', '10.5.0.0/17'])
    }
  })

  test('a load balancer that no machine can resolve is said of each', async () => {
    const checks = await look(lab, { loadBalancer: { url: 'https://nowhere.invalid:6443' } })
    expect(troubles(checks)).toEqual(
      ['etcd01', 'etcd02', 'etcd03'].map((name) => `failure load-balancer ${name}`),
    )
    expect(find(checks, 'load-balancer', 'etcd01')?.found).toContain('nowhere.invalid')
  })

  test('a disk below the stated minimum, and one that is almost full', async () => {
    const large = await look(lab, { requirements: { etcd: { disk: '900TiB' } } })
    expect(troubles(large)).toEqual(['etcd01', 'etcd02', 'etcd03'].map((name) => `failure disk ${name}`))
    const etcd = { ...ETCD, dataDirectory: '/small/etcd/data', walDirectory: '/small/etcd/wal' }
    const small = await look(lab, { etcd })
    expect(find(small, 'disk-free', 'etcd01')).toMatchObject({ result: 'failure' })
    expect(find(small, 'disk-free', 'etcd01')?.found).toMatch(/ MiB on \/small$/)
  })

  test('a disk without any room left is a failed probe, not a crash', async () => {
    const machine = lab.machine('etcd01')
    await machine.fillDisk('/small')
    try {
      const etcd = { ...ETCD, walDirectory: '/small/wal' }
      expect(find(await look(lab, { etcd }), 'flush', 'etcd01')).toMatchObject({
        result: 'failure',
        found: expect.stringContaining('No space left on device'),
      })
    } finally {
      await machine.freeDisk('/small')
    }
  })

  test("another program's data directory", async () => {
    const machine = lab.machine('etcd02')
    await machine.check(['mkdir', '-p', '/opt/etcd/data/member/snap'])
    try {
      const checks = await look(lab)
      expect(troubles(checks)).toEqual(['failure leftovers etcd02'])
    } finally {
      await machine.check(['rm', '-r', '/opt/etcd'])
    }
  })

  test('what the work itself would stumble over is found by trying it, and nothing is left', async () => {
    const inTheWay = [
      {
        etcd01: 'mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,ro /usr/local/bin',
        etcd02: 'mount --bind /etc /etc; mount -o remount,bind,ro /etc',
        etcd03: 'mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,noexec /usr/local/bin',
        found: ['write etcd01', 'write etcd02', 'account-files etcd02', 'execute etcd03'],
        undo: ['umount /usr/local/bin', 'umount /etc', 'umount /usr/local/bin'],
      },
      {
        // Directories that belong to others, or that only root can enter; etcd can't rename onto a mount point.
        etcd01: 'mkdir -p /vault && chmod 700 /vault',
        etcd02: 'mkdir -p /vault && chown anna /vault',
        etcd03: 'mkdir -p /vault/etcd/wal && mount -t tmpfs -o size=18g tmpfs /vault/etcd/wal',
        found: ['directories etcd01', 'directories etcd02', 'directories etcd03'],
        undo: ['rm -r /vault', 'rm -r /vault', 'umount /vault/etcd/wal; rm -r /vault'],
      },
      {
        // A lock that names no process, as after a crash; a restriction for all services on the machine.
        etcd01:
          ': >/etc/passwd.lock; mkdir /etc/systemd/system/service.d; printf "[Service]\\nNoExecPaths=/usr/bin\\n" >/etc/systemd/system/service.d/site.conf; systemctl daemon-reload',
        // Stands for a filesystem without owners.
        etcd02:
          'mkdir /vault && mount -t tmpfs -o size=18g,mode=755,nr_inodes=40 tmpfs /vault; printf "#!/bin/sh\\necho Operation not permitted >&2\\nexit 1\\n" >/usr/local/sbin/chown; chmod 755 /usr/local/sbin/chown',
        etcd03:
          'mkdir /vault && : >/vault/etcd; mount --bind /var/tmp /var/tmp; mount -o remount,bind,ro /var/tmp',
        found: [
          'unit etcd01',
          'account-files etcd01',
          'sandbox etcd01',
          'directories etcd02',
          'room etcd02',
          'directories etcd03',
          'write etcd03',
        ],
        undo: [
          'rm -r /etc/passwd.lock /etc/systemd/system/service.d; systemctl daemon-reload',
          'rm /usr/local/sbin/chown; umount /vault; rmdir /vault',
          'umount /var/tmp; rm -r /vault',
        ],
      },
    ]
    const etcd = { ...ETCD, dataDirectory: '/vault/etcd/data', walDirectory: '/vault/etcd/wal' }
    const before = await listing(lab)
    for (const { undo, found, ...faults } of inTheWay) {
      await Promise.all(
        Object.entries(faults).map(
          async ([name, script]) => await lab.machine(name).check(['sh', '-ec', script]),
        ),
      )
      try {
        const checks = await look(lab, { etcd })
        expect(troubles(checks)).toEqual(found.map((trouble) => `failure ${trouble}`))
        for (const check of checks.filter(({ result }) => result === 'failure'))
          expect(check.remedy).toBeTruthy()
      } finally {
        for (const [index, script] of undo.entries()) await lab.machines[index]?.check(['sh', '-ec', script])
      }
    }
    expect(await listing(lab)).toBe(before)
  })

  test('what quorate set up itself is fine: its unit, its data, its ports', async () => {
    const machine = lab.machine('etcd01')
    const serve = ['2379', '2380'].map((port) => `-l ${machine.address}:${port}`).join(' ')
    // Stands for etcd: the check is about whose process listens, not what it answers.
    await machine.writeFile(
      '/etc/systemd/system/etcd.service',
      `[Service]\nExecStart=/usr/bin/systemd-socket-activate --accept ${serve} /bin/true\n`,
    )
    await machine.check([
      'mkdir',
      '-p',
      '/var/lib/quorate/binaries',
      '/opt/etcd/data/member',
      '/opt/etcd/wal',
    ])
    await machine.check(['systemctl', 'daemon-reload'])
    await machine.check(['systemctl', 'start', 'etcd'])
    try {
      const checks = await look(lab)
      expect(troubles(checks)).toEqual([])
      expect(find(checks, 'client-port', 'etcd01')?.found).toBe('our etcd')
      expect(find(checks, 'leftovers', 'etcd01')?.found).toBe(OWN_DATA)
      await machine.check(['rmdir', '/var/lib/quorate/binaries'])
      const foreign = ['failure client-port', 'failure peer-port', 'failure leftovers', 'warning unit']
      expect(troubles(await look(lab))).toEqual(foreign.map((trouble) => `${trouble} etcd01`))
    } finally {
      await machine.check(['systemctl', 'stop', 'etcd'])
      await machine.check(['rm', '-r', '/etc/systemd/system/etcd.service', '/var/lib/quorate', '/opt/etcd'])
      await machine.check(['systemctl', 'daemon-reload'])
    }
  })

  test('a clock that is behind, and a machine under another name', async () => {
    const machine = lab.machine('etcd03')
    // The machines share one kernel, and so one clock: only this one's `date` is made to be late.
    await machine.writeFile('/usr/local/sbin/date', '#!/bin/sh\nexec /bin/date -d "10 seconds ago" "$@"\n', {
      mode: '755',
    })
    await machine.check(['hostname', 'stranger'])
    try {
      const checks = await look(lab)
      expect(troubles(checks)).toEqual(['warning hostname etcd03', 'warning clock etcd03'])
      expect(find(checks, 'clock', 'etcd03')?.found).toMatch(/^(?:9\.\d|10|10\.\d) s behind the others/)
    } finally {
      await machine.check(['rm', '/usr/local/sbin/date'])
      await machine.check(['hostname', 'etcd03'])
    }
  })

  test('Ctrl-C while the machines lend their listeners leaves nothing behind', async () => {
    const before = await listing(lab)
    await lab.writeCluster({ etcd: ETCD })
    const { cluster } = await loadCluster(lab.clusterFile)
    await using fleet = await openFleet({ knownHosts: lab.knownHostsFile })
    const { results } = await onAll(cluster.nodes, async (node) => await fleet.get(node.name, node.ssh))
    const remotes = new Map(results.map(({ host, value }) => [host, value]))
    const controller = new AbortController()
    // The first machine to answer has its listeners up, and waits for the others.
    const emit = () => controller.abort(new Error('stopped by the test'))
    const looking = preflight({ cluster, remotes, signal: controller.signal, emit })
    await expect(looking).rejects.toThrow('stopped by the test')
    await vi.waitFor(async () => expect(await listing(lab)).toBe(before), { timeout: 60_000, interval: 200 })
  })

  test("a missing machine is a failure in addition to the others' results", async () => {
    await lab.machine('etcd03').powerOff()
    const checks = await look(lab)
    expect(troubles(checks)).toEqual(['failure access etcd03'])
    expect(find(checks, 'access', 'etcd03')?.remedy).toBeTruthy()
    const { cluster } = await loadCluster(lab.clusterFile)
    expect(etcdNodes(cluster).length).toBe(3)
    expect(checks.filter(({ id }) => id === 'reach-peer').length).toBe(2)
  })
})

describe.skipIf(reason)(`preflight over IPv6${because}`, () => {
  test('listens and dials there too', async () => {
    await using lab = await testLab({ machines: 2, addresses: 'ipv6' })
    const checks = await look(lab)
    expect(troubles(checks)).toEqual([])
    expect(checks.filter(({ found }) => found === 'reached').length).toBe(4)
  })
})

/** What could have been left behind: files, listeners and processes of the first machine. */
async function listing(lab: TestLab): Promise<string> {
  const machine = lab.machine('etcd01')
  const files = await machine.check([
    'find',
    '/tmp',
    '/opt',
    '/etc',
    '/usr/local',
    '/var/lib',
    '/var/tmp',
    '-mindepth',
    '1',
    '-not',
    '-path',
    '*/systemd*',
  ])
  const listeners = await machine.check(['ss', '-Htln'])
  return files + listeners
}
