/**
 * A Kubernetes that starts although apply is killed again and again, and that survives the loss of any one machine of
 * each kind.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ProcessResult } from '../../src/ssh/process.ts'
import type { PlanJson } from '../../src/tiers/etcd/steps/plan-json.ts'
import type { TestLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import type { ToolEvent } from '../lab/support/held.ts'
import { finish, on } from '../lab/support/held.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { startQuorate } from '../lab/support/run.ts'
import { statusOf } from '../lab/support/status.ts'
import { whyNoKubernetes } from './built.ts'
import { nineMachines } from './nine.ts'
import { type BalancedApi, balancedApi } from './support/balanced-api.ts'
import { cutOff, frozen, poweredOff } from './support/undone.ts'
import { freshConnections } from './support/fresh-connections.ts'
import { podsOn, startPods } from './support/spread-pods.ts'
import { type Report, describeReport, startTraffic } from './support/traffic.ts'
import { NOTHING_TO_CHANGE } from '../lab/support/unchanged.ts'

const reason = await whyNoKubernetes()
const MASTERS = ['master01', 'master02']
const WORKERS = ['worker01', 'worker02', 'worker03']
const NODES = [...MASTERS, ...WORKERS]
const ETCD = ['etcd01', 'etcd02', 'etcd03']
const APPLY = ['apply', '--yes', '--no-probe'] as const
const API_PORT = 6443
const LOCKED = 75
const BRING_UP_MS = 600_000
const SOON = { timeout: 120_000, interval: 500 }
/** How long clients may be without an answer. On a shared computer it sometimes takes longer. */
const LONGEST_GAP_MS = 6_000

const append = (file: string, text: string) => ['sh', '-c', `printf '%s\\n' "$1" >>${file}`, 'sh', text]

const expectFew = ({ reads, writes }: Report) => {
  expect([...reads.failed, ...writes.failed]).toEqual([])
  expect(Math.max(reads.longestGapMs, writes.longestGapMs)).toBeLessThan(LONGEST_GAP_MS)
}

/** Repeats while a broken connection still holds the lock. */
async function unlocked(run: () => Promise<ProcessResult>): Promise<ProcessResult> {
  for (const end = performance.now() + 120_000; ; await setTimeout(1_000)) {
    const ended = await run()
    if (ended.exitCode !== LOCKED || performance.now() > end) return ended
  }
}

describe.skipIf(reason)(`Kubernetes and faults${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  let api: BalancedApi
  let stands = false

  /** Uses a control-plane node's own API server: its kubeconfig leads to the load balancer. */
  const kubectl = async (...args: readonly string[]) => {
    const machine = lab.machine('master02')
    const server = `--server=https://${machine.address}:${API_PORT}`
    return await machine.check(['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', server, ...args])
  }
  /** The HTTP status that a control-plane node's own API server answers. */
  const readyz = async (machine: string) => (await api.ask('/readyz', { machine })).status
  const allReady = async () =>
    await vi.waitFor(async () => expect(await api.readyNodes()).toEqual(NODES), SOON)
  const etcdIsWell = async () =>
    await vi.waitFor(async () => expect((await statusOf(lab)).report.cluster.healthy).toBe(true), SOON)
  const leader = async () => (await statusOf(lab)).report.cluster.leader ?? expect.fail('etcd has no leader')

  /** Runs apply, and kills it without a warning once this has happened. */
  const killedAt = async (moment: string) => {
    let happened = false
    const onLine = (line: string, child: ChildProcess) => {
      if (!happened && on(moment)(JSON.parse(line) as ToolEvent)) happened = child.kill('SIGKILL')
    }
    const { stdout, stderr } = await unlocked(
      async () => await startQuorate(lab, [...APPLY, '--json'], { onLine }).ended,
    )
    return { happened, said: stdout.slice(-500) + stderr }
  }

  /** The client-visible impact from before the fault until everything is healthy again. */
  const noticed = async (what: string, strike: () => Promise<void>): Promise<Report> => {
    const traffic = await startTraffic(api)
    try {
      // A problem that exists from the start is not caused by the fault.
      await setTimeout(1_000)
      await strike()
    } finally {
      process.stderr.write(describeReport(what, await traffic.stop()))
    }
    return await traffic.stop()
  }

  /** Whether etcd has a leader among the others. */
  const leaderWithout = async (name: string) => {
    const { report: found } = await statusOf(lab)
    return ETCD.some((one) => one !== name && one === found.cluster.leader)
  }

  /** By control-plane node: whether the load balancer sends requests to it. */
  const balanced = async () => {
    const { report: found } = await statusOf(lab)
    const notes = found.tiers.find(({ tier }) => tier === 'haproxy')?.notes ?? []
    return Object.fromEntries(MASTERS.map((name) => [name, !notes.some((one) => one.startsWith(name))]))
  }

  const plan = async () => {
    const { stdout, stderr } = await quorate(lab, ['plan'])
    return stdout + stderr
  }

  beforeAll(async () => {
    lab = await nineMachines()
    await freshState(lab)
  })
  afterAll(async () => await lab?.down())

  /** Also works if only a part of this file runs. */
  const standing = async () => {
    if (stands) return
    await finish(lab, APPLY)
    api = await balancedApi(lab)
    stands = true
  }

  describe('a bring-up', () => {
    test(
      'is cut off: on the first master, and while the API is filled',
      async () => {
        for (const moment of ['step-done kubeadm-manifests master01', 'step-done kubernetes-objects'])
          expect(await killedAt(moment)).toMatchObject({ happened: true })
      },
      BRING_UP_MS,
    )

    test(
      'continues as far as possible while the load balancer is unreachable, and says what it waits for',
      async () => {
        await using _ = await cutOff(lab.machine('service01'), { ports: [API_PORT] })
        expect(await unlocked(async () => await quorate(lab, APPLY))).toFail(
          'kubernetes/load-balancer-leads-nowhere',
          { says: 'service01:6443', fix: 'on service01: journalctl -u haproxy' },
        )
        // Control-plane nodes have their own API servers, and need no load balancer to be nodes.
        const names = await kubectl('get', 'nodes', '-o', 'name')
        for (const name of MASTERS) expect(names).toContain(`node/${name}\n`)
        for (const name of WORKERS)
          expect(await lab.machine(name).check(['systemctl', 'is-active', 'kubelet'])).toBe('active\n')
      },
      BRING_UP_MS,
    )

    test(
      'is finished by the next apply',
      async () => {
        await standing()
        expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
        expect(await api.readyNodes()).toEqual(NODES)
        expect(await lab.machine('service01').readFile('/etc/haproxy/haproxy.cfg')).toContain(
          'verify required ca-file /etc/haproxy/api-ca.crt verifyhost kubernetes',
        )
      },
      BRING_UP_MS,
    )
  })

  describe('who loses', () => {
    beforeAll(standing, BRING_UP_MS)

    test('nobody: there are pods on every worker', async () => {
      await startPods(api)
      await vi.waitFor(async () => expect(await podsOn(api)).toEqual(WORKERS), SOON)
    })

    test("the machine of etcd's leader", async () => {
      const machine = lab.machine(await leader())
      const found = await noticed(`etcd leader's machine off`, async () => {
        await using off = await poweredOff(machine)
        await setTimeout(15_000)
        expect(await api.readyNodes()).toEqual(NODES)
        await off.undo()
        await etcdIsWell()
      })
      expectFew(found)
      expect(await api.readyNodes()).toEqual(NODES)
    })

    test('a master: each new client is answered, everyone else stays Ready, and it comes back by itself', async () => {
      const others = NODES.filter((name) => name !== 'master01')
      const found = await noticed('a master off', async () => {
        await using off = await poweredOff(lab.machine('master01'))
        const met = await freshConnections(api, 5)
        process.stderr.write(`a master off: ${met.asked} new clients, the slowest ${met.slowestMs} ms\n`)
        expect(met.failed).toEqual([])
        expect(met.slowestMs).toBeLessThan(LONGEST_GAP_MS)
        for (const _ of Array.from({ length: 6 })) {
          await setTimeout(2_000)
          expect(await api.readyNodes()).toEqual(expect.arrayContaining(others))
        }
        await off.undo()
        await vi.waitFor(async () => {
          const { status } = await api.ask('/readyz', { machine: 'master01' })
          expect(status).toBe(200)
        }, SOON)
        await allReady()
      })
      expectFew(found)
    })

    test('a worker: its pods come back elsewhere, everyone else stays Ready, and it comes back by itself', async () => {
      const others = NODES.filter((name) => name !== 'worker02')
      const found = await noticed('a worker off', async () => {
        await using off = await poweredOff(lab.machine('worker02'))
        await vi.waitFor(
          async () => {
            expect(await api.readyNodes()).toEqual(others)
            const pods = await podsOn(api)
            expect(pods).toHaveLength(3)
            expect(pods).not.toContain('worker02')
          },
          { ...SOON, interval: 1_000 },
        )
        await off.undo()
        await allReady()
      })
      expectFew(found)
    })

    test('an etcd member that hangs, behind a network that drops what is sent to it', async () => {
      const name = await leader()
      const machine = lab.machine(name)
      const found = await noticed("etcd's leader frozen", async () => {
        await using alone = await cutOff(machine, { peers: lab.machines.map(({ address }) => address) })
        await using hung = await frozen(machine, 'etcd')
        await setTimeout(15_000)
        expect(await leaderWithout(name)).toBe(true)
        expect(await api.readyNodes()).toEqual(NODES)
        await alone.undo()
        await hung.undo()
        await etcdIsWell()
      })
      expectFew(found)
    })

    test('its way to etcd, on a master whose API server is up and not ready: it gets no traffic', async () => {
      const found = await noticed('master02 without etcd', async () => {
        await using away = await cutOff(lab.machine('master02'), { ports: [2379] })
        await vi.waitFor(async () => {
          const { status } = await api.ask('/readyz', { machine: 'master02' })
          expect(status).toBe(500)
          expect(await balanced()).toEqual({ master01: true, master02: false })
        }, SOON)
        // All traffic goes to the other one now, and no request fails.
        const quiet = await startTraffic(api, 'quiet')
        await setTimeout(5_000)
        expect(await api.readyNodes()).toEqual(NODES)
        const { reads, writes } = await quiet.stop()
        expect([reads.failedTries, writes.failedTries]).toEqual([0, 0])
        await away.undo()
        await vi.waitFor(
          async () => expect(await balanced()).toEqual({ master01: true, master02: true }),
          SOON,
        )
      })
      expectFew(found)
    })
  })

  describe('changes by hand', () => {
    beforeAll(standing, BRING_UP_MS)

    test('are shown by plan, all of them, and put right by one apply', async () => {
      await lab
        .machine('master01')
        .check(append('/etc/kubernetes/manifests/kube-scheduler.yaml', '# by hand'))
      await lab.machine('worker01').check(append('/var/lib/kubelet/config.yaml', 'maxPods: 3'))
      await kubectl('label', 'node', 'master02', 'node-role.kubernetes.io/control-plane-')
      await kubectl('delete', 'daemonset', '--namespace=kube-system', 'kube-proxy')
      await kubectl('delete', 'clusterrolebinding', 'kubeadm:cluster-admins')
      const { waves } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as PlanJson
      expect(waves.flat().map(({ id }) => id)).toContain('kubernetes-node-settings master02')
      const shown = await plan()
      expect(shown).toMatch(/static pods kube-scheduler/)
      expect(shown).toMatch(/write \/var\/lib\/kubelet\/config\.yaml/)
      expect(shown).toMatch(/restart kubelet\.service/)
      expect(shown).toMatch(/kube-proxy/)
      expect(shown).toMatch(/apply ClusterRoleBinding kubeadm:cluster-admins/)
      await quorateOk(lab, APPLY)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect(await kubectl('get', 'node', 'master02', '-o', 'jsonpath={.metadata.labels}')).toContain(
        'node-role.kubernetes.io/control-plane',
      )
      expect(await kubectl('get', 'daemonset', '--namespace=kube-system', '-o', 'name')).toContain(
        'kube-proxy',
      )
    })

    test('an API server that lost its manifest while its kubelet is stopped serves on, until the other one is ready too', async () => {
      const machine = lab.machine('master01')
      /** The first stage with such a step. */
      const stageOf = async (step: RegExp) => {
        const { waves } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as PlanJson
        return waves.findIndex((wave) => wave.some(({ id }) => step.test(id)))
      }
      const MANIFESTS = /^kubeadm-manifests master01/
      await machine.check(['systemctl', 'stop', 'kubelet.service'])
      await machine.check(['rm', '/etc/kubernetes/manifests/kube-apiserver.yaml'])
      const away = await cutOff(lab.machine('master02'), { ports: [2379] })
      try {
        await vi.waitFor(async () => expect(await readyz('master02')).toBe(500), SOON)
        expect(await readyz('master01')).toBe(200)
        expect(await stageOf(/^kubernetes-await/)).toBe(0)
        expect(await stageOf(MANIFESTS)).toBe(1)
        expect(await stageOf(/^service-load master01/)).toBe(1)
      } finally {
        await away.undo()
      }
      await vi.waitFor(async () => expect(await readyz('master02')).toBe(200), SOON)
      expect(await stageOf(MANIFESTS)).toBe(0)
      await quorateOk(lab, APPLY)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect(await readyz('master01')).toBe(200)
    })

    test("of quorate's own rights, too", async () => {
      await kubectl('delete', 'clusterrolebinding', 'quorate:operators')
      expect(await plan()).toMatch(/apply .*ClusterRoleBinding quorate:operators/)
      await quorateOk(lab, APPLY)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    })
  })
})
