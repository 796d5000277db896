/**
 * A running cluster gets other settings, addresses, names and files: one member after the other, while clients
 * continue.
 */
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESTARTS } from '../../src/cli/approval.ts'
import { EXIT_CODES } from '../../src/errors.ts'
import type { Action } from '../../src/engine/step-registry.ts'
import type { Turn } from '../../src/tiers/etcd/steps/actions.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type JsonRun, noticed, restartsOf, runJson } from './support/events.ts'
import { startOver, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { statusOf } from './support/status.ts'
import { talk } from './support/terminal.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03'] as const
/** Valid as text, so that the file is accepted: etcd can't write there, and exits before it has created a log. */
const UNWRITABLE = { 'log-outputs': '/nowhere/etcd.log' }
/** The key file that it names doesn't exist. */
const UNSTARTABLE = { 'auth-token': 'jwt,pub-key=/nowhere.pem,sign-method=RS256' }
const ETCD = LAB_ETCD
const UNIT = '/etc/systemd/system/etcd.service'
const UNCONFIRMED = 12
/** A member whose peer's address is gone may need its unit's 15 s to stop, more than once. */
const MOVE_MS = 400_000

describe.skipIf(whyNoLab())('a running cluster', () => {
  let lab: TestLab
  /** The first apply, and the next one with the corrected file. */
  let [first, corrected]: JsonRun[] = []
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await startOver(lab, {
      etcd: { ...ETCD, settings: UNWRITABLE },
    })
    first = await runJson(lab, ['apply', '--yes'])
    await lab.writeCluster({})
    corrected = await runJson(lab, ['apply', '--yes'])
  })
  afterAll(async () => await lab.down())

  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const pids = async () =>
    Object.fromEntries(
      await Promise.all(
        MEMBERS.map(async (name) => [name, await lab.machine(name).mainPid('etcd')] as const),
      ),
    )
  const leader = async () => (await statusOf(lab)).report.cluster.leader ?? ''
  /** Applies, and checks that there was no client-visible impact, and that a second run finds nothing to do. */
  const apply = async (): Promise<JsonRun> => {
    const result = await runJson(lab, ['apply', '--yes'])
    expect(result).toMatchObject({
      exitCode: 0,
      error: undefined,
      notes: [],
    })
    expect(noticed(result.availability)).toEqual([])
    expect(result.availability?.report).toMatchObject({
      lostWrites: 0,
      writes: { failed: 0 },
      reads: { failed: 0 },
    })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, problems: [] })
    return result
  }

  test('was first applied with a setting that etcd refuses: each member says so and which; corrected, one run does', async () => {
    expect(first).toMatchObject({ exitCode: 1 })
    const { message = '', hint } = first?.error ?? {}
    for (const name of MEMBERS) expect(message).toContain(`${name}: etcd.service `)
    const words = 'warn: failed to verify flags: open sink "/nowhere/etcd.log"'
    expect(message.split('\n').filter((line) => line.trim().startsWith(words))).toHaveLength(3)
    expect(message).toMatch(/set in etcd\.settings\.log-outputs \(.*cluster\.yaml:\d+:\d+\)/)
    expect(message).not.toMatch(/exit-code|single port|simple token/)
    expect(hint).toMatch(/\brerun\b/)
    expect(corrected).toMatchObject({ exitCode: 0, error: undefined })
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('gets timers, a quota and more listeners: followers first, leadership moved, the leader last; never without a yes', async () => {
    const settings = {
      'heartbeat-interval': 150,
      'election-timeout': 1500,
      'quota-backend-bytes': 4_294_967_296,
      'listen-metrics-urls': 'https://{address}:2383,http://127.0.0.1:2382',
      'listen-client-http-urls': 'https://{address}:2384,https://127.0.0.1:2384',
    }
    await lab.writeCluster({ etcd: { ...ETCD, settings } })
    const plan = await quorate(lab, ['plan'])
    expect(plan).toMatchObject({
      exitCode: 2,
      stdout: expect.stringContaining('+ETCD_HEARTBEAT_INTERVAL=150'),
    })
    const unasked = await refusal(lab)
    expect(unasked).toMatchObject({ exitCode: UNCONFIRMED, touched: [] })
    expect(unasked.output).toContain(RESTARTS)
    expect(unasked.output).toContain('--yes')
    // On a terminal a single key or a shell line does not confirm restarts: only the whole word does.
    const question = "Type 'yes'"
    const lines = ['y', 'yum install etcd', 'no']
    const asked = await talk(
      lab,
      ['apply'],
      lines.map((line) => ({ question, line })),
    )
    expect(asked).toMatchObject({ exitCode: EXIT_CODES.declined })
    expect(asked.stdout).toContain('3 to restart')
    const { order: shown, actions } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as {
      readonly order: readonly Turn[]
      readonly actions: Readonly<Record<Action, number>>
    }
    expect(actions).toMatchObject({ create: 0, change: 4, restart: 3, remove: 0 })

    const [before, led] = [await pids(), await leader()]
    const result = await apply()
    const order = restartsOf(result)
    expect(order.toSorted()).toEqual(MEMBERS)
    expect(order.at(-1)).toBe(led)
    expect(shown.flatMap(({ action, hosts }) => (action === 'restart' ? hosts : []))).toEqual(order)
    const kinds = 'compare file restart compare file restart compare move-leader compare file restart'
    expect(result.steps.map(({ kind }) => kind).join(' ')).toBe(kinds)
    // One term more: leadership was transferred, without an election.
    const { changes, firstTerm, lastTerm } = result.availability!.report.leader
    expect({ changes, terms: lastTerm - firstTerm }).toEqual({ changes: 1, terms: 1 })
    const after = await pids()
    for (const name of MEMBERS) expect(after[name]).not.toBe(before[name])
    for (const name of MEMBERS)
      expect(await environment(name)).toMatchObject({
        ETCD_HEARTBEAT_INTERVAL: '150',
        ETCD_QUOTA_BACKEND_BYTES: '4294967296',
      })

    // Metrics on each member's own address require a certificate; http is no longer on the client port, and grpc still
    // is.
    for (const name of MEMBERS) {
      const { address } = lab.machine(name)
      const withCertificate = '--cert /etc/ssl/etcd/etcd.crt --key /etc/ssl/etcd/etcd.key'
      const ask = async (url: string, more = '') =>
        (
          await on(
            name,
            `curl -s -m 5 -o /dev/null -w '%{http_code}' --cacert /etc/ssl/etcd/ca.crt ${more} ${url} || true`,
          )
        ).slice(-3)
      expect({
        metrics: await ask(`https://${address}:2383/metrics`, withCertificate),
        stranger: await ask(`https://${address}:2383/metrics`),
        local: await ask('http://127.0.0.1:2382/metrics'),
        standard: await ask('http://127.0.0.1:2381/metrics'),
        http: await ask(`https://${address}:2384/version`, withCertificate),
        client: await ask(`https://${address}:2379/version`, withCertificate),
      }).toEqual({
        metrics: '200',
        stranger: '000',
        local: '200',
        standard: '000',
        http: '200',
        client: '415',
      })
    }
    const check = await quorate(lab, ['upgrade', '--to', ETCD.version, '--check', '--json'])
    expect(JSON.parse(check.stdout)).toMatchObject({
      clusterVersion: ETCD.version.replace(/\.\d+$/, ''),
    })
    const looked = await quorate(lab, ['preflight', '--json'])
    const ports = (JSON.parse(looked.stdout) as { checks: { id: string; result: string }[] }).checks
    expect(ports.filter(({ id }) => /^(metrics|http)-port$/.test(id)).map((one) => one.result)).toEqual(
      Array.from({ length: 12 }, () => 'ok'),
    )
  })

  test('has one member with a setting by hand, and one with an older unit: these two are restarted, the third is not', async () => {
    await lab.writeCluster({})
    await apply()
    await on('etcd01', 'echo ETCD_LOG_LEVEL=warn >>/etc/etcd/options.env; systemctl restart etcd')
    const older = `s/^LimitNOFILE=.*/LimitNOFILE=4096/; s/^Environment=QUORATE_UNIT=.*/Environment=QUORATE_UNIT=0/`
    await on('etcd03', `sed -i '${older}' ${UNIT}; systemctl daemon-reload; systemctl restart etcd`)
    const before = await pids()
    expect(restartsOf(await apply()).toSorted()).toEqual(['etcd01', 'etcd03'])
    expect((await pids())['etcd02']).toBe(before['etcd02'])
    expect(await on('etcd03', 'systemctl show etcd -p LimitNOFILE')).toBe('LimitNOFILE=65536\n')
  })

  test('gets other ports, plaintext on the loopback and separate certificates, all in one', async () => {
    const etcd = { ...ETCD, clientPort: 4379, peerPort: 4380, localPlaintext: true }
    await lab.writeCluster({ etcd, pki: { layout: 'separate' } })
    // The file is now ahead of the cluster: the cluster is still healthy.
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthyMembers: 3 })
    const result = await apply()
    expect(restartsOf(result)).toHaveLength(3)
    expect(result.steps.filter(({ kind }) => kind === 'member-update')).toHaveLength(3)
    for (const name of MEMBERS) {
      expect(await on(name, 'ss -Hltn | grep -oE ":(2379|2380|4379|4380)\\b" | sort -u')).toBe(
        ':4379\n:4380\n',
      )
      expect(await environment(name)).toMatchObject({ ETCD_PEER_CERT_FILE: '/etc/ssl/etcd/peer.crt' })
      expect(await on(name, 'curl -s http://127.0.0.1:4379/health')).toContain('"health":"true"')
    }
  })

  test(
    'moves to other addresses, all members in one apply; the old address of one is gone already',
    async () => {
      const nodes = nodesOf()
      const since = await on('etcd01', 'date +%s')
      // Nothing resolves: a connection refused for its address is not accepted for a name.
      for (const { name, address } of nodes)
        await on(name, `printf '127.0.0.1 localhost\\n' >/etc/hosts; ip address add ${address}/24 dev host0`)
      const gone = (await leader()) === 'etcd03' ? 'etcd02' : 'etcd03'
      await on(gone, `ip address del ${lab.machine(gone).address}/24 dev host0`)
      const there = nodes.find(({ name }) => name === gone)!
      await on(gone, `ip address replace ${there.address}/24 dev host0`)
      await lab.writeCluster({ nodes })
      const unknown = await quorate(lab, ['apply', '--yes'])
      expect(unknown).toMatchObject({ exitCode: 76, stderr: expect.stringContaining('quorate trust') })
      for (const { name, address } of nodes)
        await appendFile(
          path.join(stateFolder(lab), 'known_hosts'),
          `${address} ${await lab.machine(name).hostKey()}\n`,
        )

      const result = await apply()
      expect(restartsOf(result)[0]).toBe(gone)
      expect(restartsOf(result).toSorted()).toEqual(MEMBERS)
      const { report } = await statusOf(lab)
      expect(report.members.map(({ address, healthy }) => [address, healthy])).toEqual(
        nodes.map(({ address }) => [address, true]),
      )
      // Members connect from their first address, which for two of them is the old one: no member refused them.
      const old = lab.machines.map(({ address }) => `"remote-addr":"${address}:`)
      for (const name of MEMBERS) {
        const journal = await on(name, `journalctl -q -o cat -u etcd --since @${since.trim()}`)
        const refused = journal.split('\n').filter((line) => line.includes('match any of DNSNames'))
        expect(refused.filter((line) => old.some((address) => line.includes(address)))).toEqual([])
      }

      // Once it is removed, it is also removed from the certificate, without a restart.
      const led = await leader()
      const follower = nodes.find(({ name }) => name !== gone && name !== led)!
      const left = lab.machine(follower.name).address
      await on(follower.name, `ip address del ${left}/24 dev host0`)
      await on(follower.name, `ip address replace ${follower.address}/24 dev host0`)
      await quorateOk(lab, ['restart', follower.name, '--yes'])
      const before = await pids()
      expect(restartsOf(await apply())).toEqual([])
      expect(await pids()).toEqual(before)
      const certificate = await on(follower.name, 'openssl x509 -in /etc/ssl/etcd/etcd.crt -noout -text')
      expect(certificate).not.toMatch(new RegExp(`${left}\\b`))
    },
    MOVE_MS,
  )

  test('with a setting that etcd refuses: stops at the first member; once the file is fixed that one is healed first', async () => {
    await lab.writeCluster({ nodes: nodesOf(), etcd: { ...ETCD, settings: UNSTARTABLE } })
    const before = await pids()
    const stopped = await runJson(lab, ['apply', '--yes'])
    expect(stopped).toMatchObject({
      exitCode: 1,
      availability: { report: { lostWrites: 0, writes: { failed: 0 } } },
    })
    const { host = '', message, hint } = stopped.error!
    expect(message).toContain('invalid auth options')
    expect(hint).toMatch(/\brerun\b/)
    // A retry doesn't help either, and touches no other member.
    expect((await runJson(lab, ['apply', '--yes'])).exitCode).not.toBe(0)
    const others = MEMBERS.filter((name) => name !== host)
    const now = await pids()
    for (const name of others) expect(now[name]).toBe(before[name])
    await lab.writeCluster({ nodes: nodesOf() })
    const healed = await apply()
    expect(restartsOf(healed).filter((name) => name !== host)).toEqual([])
    const after = await pids()
    for (const name of others) expect(after[name]).toBe(before[name])
  })

  test('with a new name for one, and another one stopped: that is started first, without client-visible impact', async () => {
    const led = await leader()
    const down = MEMBERS.find((name) => name !== led)!
    await on(down, 'systemctl stop etcd')
    const settings = { 'max-request-bytes': 2_097_152 }
    const nodes = nodesOf().map((node) => (node.name === led ? { ...node, name: 'node-x' } : node))
    await lab.writeCluster({ nodes, etcd: { ...ETCD, settings } })
    const result = await apply()
    expect(restartsOf(result)).toHaveLength(2)
    expect(restartsOf(result).at(-1)).toBe('node-x')
    expect(restartsOf(result)).not.toContain(down)
    const { report } = await statusOf(lab)
    expect(report.members.map(({ name }) => name)).toContain('node-x')
    expect(await environment(led)).toMatchObject({ ETCD_NAME: 'node-x', ETCD_MAX_REQUEST_BYTES: '2097152' })
    expect(await on(led, 'openssl x509 -in /etc/ssl/etcd/etcd.crt -noout -subject')).toContain('node-x')
  })

  /** As they are after the move. */
  function nodesOf() {
    return MEMBERS.map((name, index) => ({
      name: name as string,
      address: lab.machine(name).address.replace(/\d+$/, String(71 + index)),
      roles: ['etcd'],
    }))
  }

  /** The environment of the running process. */
  async function environment(name: string): Promise<Record<string, string>> {
    const pid = await lab.machine(name).mainPid('etcd')
    const text = await lab.machine(name).check(['cat', `/proc/${pid}/environ`])
    const entries = text.split('\0').map((entry) => entry.split(/=(.*)/s).slice(0, 2))
    return Object.fromEntries(entries) as Record<string, string>
  }
})
