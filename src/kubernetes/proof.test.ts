/** The proof against a simulated API: what it creates, how it judges the answers, and that it leaves nothing behind. */
import { describe, expect, test } from 'vitest'
import type { ApiClient } from './api-client.ts'
import { ApiRefusal, apiError } from './api-failure.ts'
import type { ApiObject, Kind } from './api-objects.ts'
import { type ProofOptions, proofError, proveCluster } from './proof.ts'

const NODES = ['worker01', 'worker02']
const ASKED = { name: 'balancer', where: 'service01:6443', what: 'do it', timeoutMs: 1 }
const refuse = (status: number, reason: string) => apiError(new ApiRefusal(status, reason, 'because'), ASKED)

interface Play {
  /** Nodes whose pods start. */
  readonly running?: readonly string[]
  /** Last output of a checking pod, by node. */
  readonly words?: Readonly<Record<string, string>>
  /** Nodes whose kubelet returns no log. */
  readonly mute?: readonly string[]
  /** Called each time pods are inspected. */
  readonly onLook?: () => void
  /** Namespaces that exist already. */
  readonly leftovers?: readonly string[]
  /** The API server is unavailable at the first request to remove a namespace. */
  readonly isAway?: boolean
}

/** The part of an API that the proof uses. */
function playing(play: Play) {
  const made: ApiObject[] = []
  const namespaces = new Set(play.leftovers)
  const removed: string[] = []
  /** Namespaces whose removal the API has accepted. */
  const going: string[] = []
  let removals = 0
  const serving = () =>
    NODES.map((node, at) => ({
      metadata: { name: `serve-${node}` },
      spec: { nodeName: node },
      status: (play.running ?? NODES).includes(node)
        ? { phase: 'Running', podIP: `10.244.${at}.2`, conditions: [{ type: 'Ready', status: 'True' }] }
        : {
            phase: 'Pending',
            containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }],
          },
    }))
  const checks = () =>
    made
      .filter(({ kind }) => kind === 'Pod')
      .map(({ metadata, spec }) => {
        const node = (spec as { nodeName: string }).nodeName
        const message = play.words?.[node] ?? 'asked 4\n'
        const phase = message.includes('fail') ? 'Failed' : 'Succeeded'
        const containerStatuses = [{ state: { terminated: { message } } }]
        return { metadata, spec: { nodeName: node }, status: { phase, containerStatuses } }
      })
  const lists: Partial<Record<Kind, (labels: string) => readonly unknown[]>> = {
    Namespace: () => [...namespaces].map((name) => ({ metadata: { name } })),
    Pod: (labels) => {
      play.onLook?.()
      if (labels === '') return [...serving(), ...checks()]
      return labels === 'app=serve' ? serving() : checks()
    },
    Event: () => [
      {
        involvedObject: { name: 'serve-worker02' },
        type: 'Warning',
        message: 'failed to set up \u001B[31mnetwork: no /run/flannel/subnet.env',
      },
    ],
  }
  const client = {
    name: 'balancer',
    list: async (kind: Kind, schema: { parse(value: unknown): unknown }, { labels = '' } = {}) =>
      (lists[kind]?.(labels) ?? []).map((one) => schema.parse(one)),
    get: async (_what: unknown, schema: { parse(value: unknown): unknown }) =>
      schema.parse({ spec: { clusterIP: '10.96.0.77' } }),
    create: async (object: ApiObject) => {
      made.push(object)
      if (object.kind === 'Namespace') namespaces.add(object.metadata.name)
    },
    delete: async ({ kind, name }: { kind: Kind; name: string }) => {
      if (kind !== 'Namespace') {
        removed.push(`${kind} ${name}`)
        return true
      }
      if (play.isAway === true && removals === 0) {
        removals = 3
        throw refuse(503, 'ServiceUnavailable')
      }
      removals += 1
      going.push(name)
      // The first request removes it, the second finds it being removed, the third finds it gone.
      if (removals % 3 === 2) throw refuse(409, 'Conflict')
      if (removals % 3 === 0) return !namespaces.delete(name)
      return true
    },
    log: async ({ name }: { name: string }) => {
      if (play.mute?.includes(NODES[Number(name.slice(-1)) - 1] ?? '') === true)
        throw refuse(500, 'InternalError')
      return 'asked 4'
    },
  } as unknown as ApiClient
  return { client, made, namespaces, removed, going }
}

async function prove(play: Play, changes: Partial<ProofOptions> = {}) {
  const cluster = playing(play)
  const told: string[] = []
  const report = await proveCluster({
    client: cluster.client,
    nodes: NODES,
    image: 'flannel:v1',
    dnsDomain: 'cluster.local',
    signal: new AbortController().signal,
    emit: ({ stage, done, total }) => void told.push(`${stage} ${done}/${total}`),
    patienceFactor: 0.05,
    ...changes,
  })
  return { ...cluster, report, told }
}

describe('the proof', () => {
  test('makes a pod a node, has each ask all, and leaves nothing but a namespace that goes', async () => {
    const { report, made, told, removed, going } = await prove({})
    expect(report).toEqual({ nodes: NODES, checks: 10, failures: [], swept: 0, left: undefined })
    expect(proofError(report)).toBeUndefined()
    expect(made.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      expect.stringMatching(/^Namespace quorate-proof-[0-9a-f]{8}$/),
      'DaemonSet serve',
      'Service serve',
      'Pod check-1',
      'Pod check-2',
    ])
    const namespace = made[0]?.metadata.name
    const [check] = made
      .filter(({ kind }) => kind === 'Pod')
      .map((pod) => (pod['spec'] as { containers: { command: string[] }[] }).containers[0]?.command)
    expect(check?.slice(4)).toEqual([
      '30',
      '8080',
      'worker01=10.244.0.2',
      'worker02=10.244.1.2',
      '@service=http://10.96.0.77/',
      `@dns=http://serve.${namespace}.svc.cluster.local/`,
    ])
    expect(told).toEqual(['placing 2/2', 'asking 2/2', 'reading 0/2', 'removing 0/1'])
    expect(removed).toEqual([
      'DaemonSet serve',
      'Pod serve-worker01',
      'Pod serve-worker02',
      'Pod check-1',
      'Pod check-2',
    ])
    expect(going).toEqual([namespace])
  })

  test('asks for the removal until the API takes it on', async () => {
    const { report, made, going } = await prove({ isAway: true })
    expect(going).toEqual([made[0]?.metadata.name])
    expect(report.left).toBeUndefined()
  })

  test('names each pair, Service, name and log that fails, and what to look at', async () => {
    const words = {
      worker01:
        'fail worker02 wget: download timed out\nfail @service \u001B[2Jno\nfail @dns bad address\nasked 4',
    }
    const { report } = await prove({ words, mute: ['worker02'] })
    expect(report.failures.map(({ kind, from, to, message }) => [kind, from, to, message])).toEqual([
      [
        'network',
        'worker01',
        'worker02',
        expect.stringMatching(/ worker01 .* worker02: wget: download timed out$/),
      ],
      ['service', 'worker01', undefined, expect.stringMatching(/ worker01 .* Service .*: \\x1b\[2Jno$/)],
      ['dns', 'worker01', undefined, expect.stringMatching(/ worker01 .* Service .*: bad address$/)],
      ['log', 'worker02', undefined, expect.stringContaining(' worker02: ')],
    ])
    expect(report.failures.every(({ hint }) => hint !== '')).toBe(true)
    const error = proofError(report)
    expect(error).toMatchObject({ code: 'unhealthy', hint: expect.stringContaining('UDP 8472') })
    expect(error?.message).toContain('4 of 10 checks failed')
  })

  test('a pod that never ends, or whose output is invalid, proves nothing', async () => {
    const { report } = await prove({ words: { worker02: 'fail\nasked\n' } })
    expect(report.failures).toMatchObject([{ kind: 'pod', from: 'worker02' }])
  })

  test('where no pod comes to run on a node, that is what is said, with the last warning of it', async () => {
    const { report, namespaces } = await prove({ running: ['worker01'] })
    expect(report.failures.map(({ kind, message }) => [kind, message])).toEqual([
      [
        'pod',
        expect.stringMatching(
          / worker02 .*: failed to set up \\x1b\[31mnetwork: no \/run\/flannel\/subnet\.env$/,
        ),
      ],
    ])
    expect(namespaces).toEqual(new Set())
  })

  test('what a killed run left is removed first', async () => {
    const { report, made, going } = await prove({ leftovers: ['quorate-proof-old'] })
    expect(report.swept).toBe(1)
    // The API completes both removals.
    expect(going).toEqual(['quorate-proof-old', made[0]?.metadata.name])
  })

  test('on a signal, and on an error, what was made is removed all the same', async () => {
    const ending = new AbortController()
    const cut = playing({ running: [], onLook: () => ending.abort() })
    const options = {
      client: cut.client,
      nodes: NODES,
      image: 'i',
      dnsDomain: 'd',
      emit: () => undefined,
      signal: ending.signal,
    }
    await expect(proveCluster(options)).rejects.toMatchObject({ code: 'cancelled' })
    expect(cut.namespaces).toEqual(new Set())
    const broken = playing({
      onLook: () => {
        throw refuse(403, 'Forbidden')
      },
    })
    const signal = new AbortController().signal
    await expect(proveCluster({ ...options, client: broken.client, signal })).rejects.toMatchObject({
      code: 'kubernetes',
    })
    expect(broken.namespaces).toEqual(new Set())
  })

  test('an API server that goes away for a moment is asked again', async () => {
    let looks = 0
    const { report } = await prove({
      onLook: () => {
        looks += 1
        if (looks === 1) throw refuse(503, 'ServiceUnavailable')
      },
    })
    expect(report.failures).toEqual([])
  })
})
