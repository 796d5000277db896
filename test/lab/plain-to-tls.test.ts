/** Adopts a cluster without TLS and enables it, while a client writes over http and quorate is killed twice. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AdoptJson } from '../../src/cli/output/values.ts'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type Shape, setUpForeign } from './support/foreign.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { PLAIN } from './support/shapes.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

interface Event {
  readonly type: string
  readonly step?: { readonly kind: string }
  readonly availability?: Availability
}

describe.skipIf(whyNoLab())('a cluster without TLS', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
  })
  afterAll(async () => await lab.down())

  const setUp = async (shape: Shape) => {
    await lab.pristine()
    await rm(lab.clusterFile, { force: true })
    await rm(path.join(lab.folder, '.quorate'), { recursive: true, force: true })
    await setUpForeign(lab, lab.machines, shape)
    await lab.machines[0]?.check([
      'sh',
      '-c',
      `ETCDCTL_API=3 etcdctl --endpoints ${everyone()} put before kept`,
    ])
  }
  const adopt = async (suite: string) => {
    const login = ['--user', 'root', '--identity-file', lab.identityFile]
    const words = ['--name', 'prod', '--suite', suite, lab.machines[0]?.address ?? '', ...login, '--yes']
    const { remarks } = JSON.parse(await quorateOk(lab, ['adopt', ...words, '--json'])) as AdoptJson
    return remarks
  }
  const everyone = () => lab.machines.map(({ address }) => `http://${address}:2379`).join(',')
  /** As the node's other programs, which know nothing of quorate. */
  const ask = async (...words: readonly string[]) =>
    await lab.machine('etcd01').exec(['env', 'ETCDCTL_API=3', 'etcdctl', '--command-timeout=3s', ...words])
  const withTls = (index: number) => [
    `--endpoints=https://${lab.machines[index]?.address}:2379`,
    '--cacert=/etc/ssl/etcd/ca.crt',
    '--cert=/etc/ssl/etcd/etcd.crt',
    '--key=/etc/ssl/etcd/etcd.key',
  ]
  const peerSchemes = async (...connection: readonly string[]) => {
    const { stdout } = await ask('member', 'list', ...connection)
    return stdout.match(/https?(?=:\/\/[\d.]+:2380)/g)
  }
  /** Keeps writing without TLS, like an ordinary client that retries; `end` returns its records. */
  const startWriter = async () => {
    await lab
      .machine('etcd01')
      .check(['systemd-run', '--quiet', '--unit=writer', 'sh', '-c', WRITER, 'sh', everyone()])
    return async () =>
      await lab.machine('etcd01').check(['sh', '-c', 'systemctl stop writer; cat /tmp/writes'])
  }
  /** Kills quorate at this moment. */
  const applyUntil = async (moment: (event: Event) => boolean) => {
    const { ended } = startQuorate(lab, ['apply', '--yes', '--json'], {
      onLine: (line, child) => void (moment(JSON.parse(line) as Event) && child.kill('SIGKILL')),
    })
    return (await ended).exitCode
  }

  describe('of etcd 3.5', () => {
    let endWriter: () => Promise<string>
    beforeAll(async () => {
      await setUp(PLAIN)
      endWriter = await startWriter()
    })

    test('is adopted as it runs, with a report of what that means, and known from then on', async () => {
      const remarks = await adopt('trixie')
      expect(remarks.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['peers-without-tls', 'clients-without-tls', 'new-ca']),
      )
      expect(await readFile(lab.clusterFile, 'utf8')).toMatch(/^ {2}plaintextClients: true/m)
      const { exitCode: health, report } = await statusOf(lab)
      expect(report.cluster).toMatchObject({ healthy: true, healthyMembers: 3, problems: [] })
      expect(report.cluster.noteDetails).toEqual([
        {
          id: 'peers-without-tls',
          host: null,
          message: expect.stringMatching(/etcd01, etcd02, etcd03 .*quorate apply$/),
        },
        {
          id: 'clients-without-tls',
          host: null,
          message: expect.stringContaining('remove etcd.plaintextClients'),
        },
      ])
      expect(health).toBe(0)
      for (const node of ['etcd01', 'etcd03']) {
        const words = ['etcdctl', node, '--', 'get', 'before', '--print-value-only']
        expect(await quorateOk(lab, words)).toBe('kept\n')
      }
    })

    test('killed while certificates are installed, and again while https is, apply continues from there', async () => {
      let restarts = 0
      const second = (event: Event) =>
        event.type === 'step-started' && event.step?.kind === 'restart' && (restarts += 1) === 2
      expect(await applyUntil(second)).toBe(137)
      expect(await peerSchemes(`--endpoints=${everyone()}`)).toEqual(['http', 'http', 'http'])
      expect(await applyUntil(isUpdated)).toBe(137)
      // One member advertises https but still listens on http: all members keep working.
      expect((await peerSchemes(`--endpoints=${everyone()}`))?.toSorted()).toEqual(['http', 'http', 'https'])
      expect(noticed(await quorateOk(lab, ['apply', '--yes', '--json']))).toEqual(NOTHING)
      expect(await peerSchemes(`--endpoints=${everyone()}`)).toEqual(['https', 'https', 'https'])
    })

    test('clients with http are served all the time, and so are clients with TLS', async () => {
      const writes = await endWriter()
      expect(writes.match(/OK/g)?.length).toBeGreaterThan(50)
      expect(writes.replaceAll('OK\n', '')).toBe('')
      for (const index of [0, 1, 2]) {
        expect((await ask('get', 'before', '--print-value-only', ...withTls(index))).stdout).toBe('kept\n')
        const plain = `--endpoints=http://${lab.machines[index]?.address}:2379`
        expect((await ask('get', 'before', '--print-value-only', plain)).stdout).toBe('kept\n')
      }
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect((await statusOf(lab)).report.cluster.notes).toHaveLength(1)
    })

    test('without the key http is gone, after a preview that says so', async () => {
      const text = await readFile(lab.clusterFile, 'utf8')
      await writeFile(lab.clusterFile, text.replace(/^ {2}plaintextClients: true.*\n/m, ''))
      const address = lab.machines[1]?.address
      const plan = await quorate(lab, ['plan'])
      expect(plan.stdout).toMatch(
        new RegExp(`closing .*http://${address}:2379 and http://127\\.0\\.0\\.1:2379`),
      )
      expect(noticed(await quorateOk(lab, ['apply', '--yes', '--json']))).toEqual(NOTHING)
      expect((await ask('get', 'before', `--endpoints=${everyone()}`)).exitCode).not.toBe(0)
      expect((await ask('get', 'before', '--print-value-only', ...withTls(1))).stdout).toBe('kept\n')
      const { exitCode, report } = await statusOf(lab)
      expect(report.cluster).toMatchObject({ healthy: true, problems: [], notes: [] })
      expect(exitCode).toBe(0)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    })
  })

  describe('of etcd 3.4.23, which does not reliably serve both on one port', () => {
    test('gets TLS among its peers, and serves http until the key is gone', async () => {
      await setUp({ ...PLAIN, suite: 'bookworm' })
      const endWriter = await startWriter()
      const [served] = (await adopt('bookworm')).filter(({ id }) => id === 'clients-without-tls')
      // Only of a version that can't serve both on one port.
      expect(served?.message).toContain('3.4.23')
      expect(noticed(await quorateOk(lab, ['apply', '--yes', '--json']))).toEqual(NOTHING)
      expect(await peerSchemes(`--endpoints=${everyone()}`)).toEqual(['https', 'https', 'https'])
      expect((await endWriter()).replaceAll('OK\n', '')).toBe('')
      expect((await ask('get', 'before', ...withTls(0))).exitCode).not.toBe(0)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, problems: [] })
    })
  })
})

/** The members know one member's new URL, and it does not listen there yet. */
function isUpdated({ type, step }: Event): boolean {
  return type === 'step-done' && step?.kind === 'member-update'
}

/** A write that is refused because its member stops is retried, as clients do. */
const WRITER = `export ETCDCTL_API=3
while sleep 0.1; do
  etcdctl --endpoints "$1" put written "$(date)" || etcdctl --endpoints "$1" put written "$(date)" || echo failed
done >/tmp/writes 2>/tmp/writes.err`

const NOTHING = { failed: 0, stale: 0, missing: 0, lostWrites: 0, revisionsBackwards: 0, verified: true }

/** The client-visible impact in the last line of `apply --json`, without its durations. */
function noticed(stdout: string): Record<string, unknown> {
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Required<Event>
  const { writes, reads, watch, lostWrites, revisionsBackwards, verified } = last.availability.report
  const failed = writes.failed + reads.failed
  return { failed, stale: reads.stale, missing: watch.missing, lostWrites, revisionsBackwards, verified }
}
