/** The client, what it applies and what it finds, against a real kube-apiserver. */
import * as z from 'zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiClient } from '../../src/kubernetes/api-client.ts'
import { isConflict, isForbidden, refusalOf } from '../../src/kubernetes/api-failure.ts'
import { lookAtKubernetes } from '../../src/kubernetes/api-look.ts'
import type { ApiObject } from '../../src/kubernetes/api-objects.ts'
import { NODE } from '../../src/kubernetes/api-parse.ts'
import { differences } from '../../src/kubernetes/objects/differences.ts'
import { dnsSpread } from '../../src/kubernetes/objects/dns.ts'
import { nodePatch } from '../../src/kubernetes/objects/node-settings.ts'
import { putObject } from '../../src/kubernetes/objects/put.ts'
import { OPERATORS, OPERATORS_BINDING, rbacObjects } from '../../src/kubernetes/objects/rbac.ts'
import { proofNamespace, serving } from '../../src/kubernetes/proof/objects.ts'
import { proveCluster, sweepProofs } from '../../src/kubernetes/proof.ts'
import { sampleKubernetes } from '../../src/spec/sample-kubernetes.ts'
import { whyNoKubernetes } from './built.ts'
import { type TestApiServer, startApiServer } from './support/api-server.ts'

const ANY = z.unknown()
const VIEW = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } as const
const reason = await whyNoKubernetes()

/** With fields of two managers. */
const shared = (data: object): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'shared', namespace: 'default' },
  data,
})

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  )
}

describe.skipIf(reason)(`the API${reason === undefined ? '' : ` (${reason})`}`, () => {
  let server: TestApiServer
  let first: ApiClient
  let operator: ApiClient

  beforeAll(async () => {
    server = await startApiServer()
    first = await server.client('first', ['system:masters'])
    operator = await server.client('quorate-operator', [OPERATORS])
  })
  afterAll(async () => await server?.[Symbol.asyncDispose]())

  test('says that it is ready, and its version', async () => {
    expect(await first.readyz()).toEqual({ ready: true, failed: [] })
    expect(await first.version()).toBe('1.37.2')
  })

  test('the operator has no rights before the bindings are there, and all of them afterwards', async () => {
    expect(isForbidden(await thrownBy(operator.list('Node', ANY)))).toBe(true)
    for (const object of rbacObjects(sampleKubernetes())) await first.apply(object, { force: true })
    await expect.poll(async () => await operator.list('Node', ANY).catch(() => 'refused')).toEqual([])
    for (const object of rbacObjects(sampleKubernetes())) {
      const { kind, metadata } = object
      expect(differences(object, await operator.get({ kind, name: metadata.name }, ANY))).toEqual([])
      await operator.apply(object)
    }
  })

  test('a hand-made change of a binding is seen, and put right', async () => {
    const reference = { kind: 'ClusterRoleBinding', name: 'kubeadm:cluster-admins' } as const
    const wanted = rbacObjects(sampleKubernetes()).find(({ metadata }) => metadata.name === reference.name)
    await first.patch(reference, { subjects: [] }, 'merge')
    expect(differences(wanted ?? OPERATORS_BINDING, await first.get(reference, ANY))).toEqual(['subjects'])
    await putObject(operator, wanted ?? OPERATORS_BINDING)
    expect(differences(wanted ?? OPERATORS_BINDING, await first.get(reference, ANY))).toEqual([])
    // To bind another role, it must be created again.
    await first.delete(reference)
    await first.create({ ...(wanted ?? OPERATORS_BINDING), roleRef: { ...VIEW } })
    await putObject(operator, wanted ?? OPERATORS_BINDING)
    expect(differences(wanted ?? OPERATORS_BINDING, await first.get(reference, ANY))).toEqual([])
  })

  test("server-side apply: another manager's field is a conflict, unless forced; what quorate names no more goes", async () => {
    const reference = { kind: 'ConfigMap', name: 'shared', namespace: 'default' } as const
    const data = async () => await operator.get(reference, z.looseObject({ data: z.unknown() }))
    await operator.apply(shared({ a: '1', b: '1' }))
    // As kubectl edit does.
    await first.patch(reference, { data: { c: '1' } }, 'merge')
    await operator.apply(shared({ a: '2' }))
    expect((await data())?.data).toEqual({ a: '2', c: '1' })
    await first.patch(reference, { data: { a: '3' } }, 'merge')
    expect(isConflict(await thrownBy(operator.apply(shared({ a: '2' }))))).toBe(true)
    await operator.apply(shared({ a: '2' }), { force: true })
    expect((await data())?.data).toEqual({ a: '2', c: '1' })
    expect(await operator.delete(reference)).toBe(true)
    expect(await operator.delete(reference)).toBe(false)
    expect(await data()).toBeUndefined()
  })

  test("CoreDNS' Deployment of kubeadm is spread without taking anything from it", async () => {
    const labels = { 'k8s-app': 'kube-dns' }
    const theirs: ApiObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  {
                    weight: 100,
                    podAffinityTerm: {
                      labelSelector: { matchLabels: labels },
                      topologyKey: 'kubernetes.io/hostname',
                    },
                  },
                ],
              },
            },
            containers: [{ name: 'coredns', image: 'coredns' }],
          },
        },
      },
    }
    await first.create(theirs)
    await operator.apply(dnsSpread())
    const live = await operator.get({ kind: 'Deployment', name: 'coredns', namespace: 'kube-system' }, ANY)
    expect(differences(dnsSpread(), live)).toEqual([])
    expect(differences(theirs, live)).toEqual([])
  })

  describe('a node', () => {
    const reference = { kind: 'Node', name: 'worker01' } as const
    const db = { key: 'dedicated', value: 'db', effect: 'NoSchedule' } as const
    const present = async () => {
      const found = await operator.get(reference, NODE)
      return found?.[1] ?? expect.fail('there is no such node')
    }

    test('gets labels and taints, keeps those of others, and loses what is wanted no more', async () => {
      await first.create({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'worker01', labels: { theirs: 'x' } },
        spec: { taints: [{ key: 'theirs', effect: 'NoExecute' }] },
      })
      const wanted = { labels: { disk: 'ssd' }, taints: [db] }
      await operator.patch(reference, nodePatch(wanted, await present()), 'merge')
      expect(await present()).toMatchObject({
        labels: { theirs: 'x', disk: 'ssd' },
        noted: expect.any(String),
      })
      expect((await present()).taints.map(({ key }) => key).toSorted()).toEqual(
        expect.arrayContaining(['dedicated', 'theirs']),
      )
      expect(nodePatch(wanted, await present())).toBeUndefined()
      await operator.patch(reference, nodePatch({ labels: {}, taints: [] }, await present()), 'merge')
      const after = await present()
      expect(after.labels).toEqual({ theirs: 'x' })
      expect(after.taints.map(({ key }) => key)).not.toContain('dedicated')
      expect(after.taints.map(({ key }) => key)).toContain('theirs')
      expect(after.noted).toBeUndefined()
    })

    test('that has changed since it was read refuses the patch', async () => {
      const patch = nodePatch({ labels: { disk: 'ssd' }, taints: [] }, await present())
      await first.patch(reference, { metadata: { labels: { theirs: 'y' } } }, 'merge')
      expect(isConflict(await thrownBy(operator.patch(reference, patch, 'merge')))).toBe(true)
      expect((await present()).labels).toEqual({ theirs: 'y' })
    })
  })

  test('what the API holds is found out, also of kinds of which there is nothing', async () => {
    const facts = await lookAtKubernetes({
      servers: ['master01'],
      balancer: true,
      connect: async () => operator,
      objects: [{ kind: 'ClusterRoleBinding', name: OPERATORS_BINDING.metadata.name }],
      now: () => new Date(),
    })
    const ready = { state: 'ready', failed: [], version: '1.37.2', problem: undefined }
    expect(facts.servers).toEqual({ master01: ready })
    expect(facts.balancer).toEqual(ready)
    expect(facts.held).toMatchObject({
      nodes: { worker01: { ready: false } },
      workloads: { 'Deployment kube-system/coredns': { wanted: 2, ready: 0, observed: false } },
      leaders: { 'kube-scheduler': undefined },
      apiAddresses: ['192.0.2.21'],
      proofs: [],
    })
    expect(
      Object.values(facts.held?.objects ?? {}).map((live) => differences(OPERATORS_BINDING, live)),
    ).toEqual([[]])
  })

  test('a client without permissions, or with an unknown certificate, is refused, and that is a fact', async () => {
    const stranger = await server.client('system:node:worker01', ['system:nodes'])
    const asked = { servers: ['master01'], balancer: false, now: () => new Date() }
    const { servers, held } = await lookAtKubernetes({ ...asked, connect: async () => stranger })
    expect(servers['master01']).toMatchObject({ state: 'refused' })
    expect(held).toBeUndefined()
  })

  test('the objects of the proof are what the API takes, by its strictest rules for pods too', async () => {
    const plan = {
      namespace: 'quorate-proof-test',
      nodes: ['worker01'],
      image: 'flannel',
      dnsDomain: 'cluster.local',
    }
    const strict = proofNamespace(plan)
    const labels = { ...strict.metadata.labels, 'pod-security.kubernetes.io/enforce': 'restricted' }
    await operator.create({ ...strict, metadata: { ...strict.metadata, labels } })
    for (const object of serving(plan)) await operator.create(object)
    expect(await sweepProofs(operator)).toBe(1)
  })

  test('a proof where nothing runs says so for each node, and asks for the removal of what it made', async () => {
    const report = await proveCluster({
      client: operator,
      nodes: ['worker01'],
      image: 'flannel',
      dnsDomain: 'cluster.local',
      signal: new AbortController().signal,
      emit: () => undefined,
      patienceFactor: 0.02,
    })
    expect(report.failures).toMatchObject([
      { kind: 'pod', from: 'worker01', hint: expect.stringContaining('controller-manager') },
    ])
    // No controller-manager runs, which would carry it out.
    expect(report.left).toMatch(/^quorate-proof-/)
    const status = z.looseObject({ status: z.looseObject({ phase: z.string() }) })
    expect(await operator.get({ kind: 'Namespace', name: report.left ?? '' }, status)).toMatchObject({
      status: { phase: 'Terminating' },
    })
  })

  test('an object that the API does not understand is refused with its reason', async () => {
    const wrong = { ...OPERATORS_BINDING, roleRef: { apiGroup: 'x', kind: 'ClusterRole', name: 'view' } }
    expect(refusalOf(await thrownBy(operator.apply(wrong, { force: true })))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    })
  })
})
