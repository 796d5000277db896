import { describe, expect, test } from 'vitest'
import { sampleKubernetes } from '../../spec/sample-kubernetes.ts'
import { NODE_NOTE } from '../api-facts.ts'
import { differences } from './differences.ts'
import { dnsPodToMove, dnsSpread } from './dns.ts'
import { type NodeSettings, describePatch, nodePatch } from './node-settings.ts'
import { OPERATORS_BINDING, rbacObjects } from './rbac.ts'

const pki = (caKey: 'masters' | 'home') => ({ pki: { ...sampleKubernetes().pki, caKey } })
const bound = (objects: ReturnType<typeof rbacObjects>) =>
  objects.map(({ kind, metadata, roleRef, subjects }) => [
    kind,
    metadata.name,
    (roleRef as { name: string }).name,
    (subjects as { name: string }[]).map(({ name }) => name),
  ])
const pod = (name: string, node: string, ready = true) => ({ name, node, ready })
const note = (labels: string[], taints: string[]) => JSON.stringify({ labels, taints })

describe('RBAC', () => {
  test('binds groups to roles; kubelets may renew only where the CA signs on the masters', () => {
    const admins = [
      ['ClusterRoleBinding', 'quorate:operators', 'cluster-admin', ['quorate:operators']],
      ['ClusterRoleBinding', 'kubeadm:cluster-admins', 'cluster-admin', ['kubeadm:cluster-admins']],
    ]
    expect(bound(rbacObjects(pki('home')))).toEqual(admins)
    expect(bound(rbacObjects(pki('masters')))).toEqual([
      ...admins,
      [
        'ClusterRoleBinding',
        'kubeadm:node-autoapprove-certificate-rotation',
        'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
        ['system:nodes'],
      ],
    ])
  })
})

describe('differences', () => {
  const live = {
    ...OPERATORS_BINDING,
    metadata: { name: 'quorate:operators', uid: '1', labels: { more: 'x' } },
  }

  test('none where all that is wanted is there, whatever else is', () => {
    expect(differences(OPERATORS_BINDING, live)).toEqual([])
    const empty = { ...OPERATORS_BINDING, metadata: { name: 'quorate:operators', labels: {} }, more: [] }
    expect(differences(empty, { ...live, metadata: { name: 'quorate:operators' } })).toEqual([])
  })

  test('another value, a missing one, and one too many in a list are named by path', () => {
    const [subject] = OPERATORS_BINDING['subjects'] as object[]
    expect(differences(OPERATORS_BINDING, { ...live, subjects: [subject, subject] })).toEqual(['subjects'])
    expect(differences(OPERATORS_BINDING, { ...live, subjects: [{ ...subject, name: 'x' }] })).toEqual([
      'subjects.0.name',
    ])
    expect(differences(OPERATORS_BINDING, { ...live, roleRef: undefined })).toEqual(['roleRef'])
    expect(differences(OPERATORS_BINDING, undefined)).toEqual([''])
    expect(differences(dnsSpread(), { ...dnsSpread(), spec: { template: { spec: {} } } })).toEqual([
      'spec.template.spec.affinity',
      'spec.template.spec.topologySpreadConstraints',
    ])
  })

  test('what every object has by its prototype is nothing that it has', () => {
    const odd = { ...OPERATORS_BINDING, data: { constructor: 'x' } }
    expect(differences(odd, { ...live, data: {} })).toEqual(['data.constructor'])
  })
})

describe('CoreDNS', () => {
  test('a pod moves from a master with two to one with none', () => {
    const pods = [pod('a', 'master01'), pod('b', 'master01')]
    expect(dnsPodToMove(pods, ['master01', 'master02'])).toEqual(pod('b', 'master01'))
  })

  test('nothing moves where they are spread, where there is no other master, or while one is not ready', () => {
    const spread = [pod('a', 'master01'), pod('b', 'master02')]
    expect(dnsPodToMove(spread, ['master01', 'master02'])).toBeUndefined()
    expect(dnsPodToMove(spread, ['master01', 'master02', 'master03'])).toBeUndefined()
    expect(dnsPodToMove([pod('a', 'master01'), pod('b', 'master01')], ['master01'])).toBeUndefined()
    const starting = [pod('a', 'master01'), pod('b', 'master01', false)]
    expect(dnsPodToMove(starting, ['master01', 'master02'])).toBeUndefined()
  })
})

describe('labels and taints of a node', () => {
  const bare = { labels: {}, taints: [], noted: undefined, resourceVersion: '7' }
  const none: NodeSettings = { labels: {}, taints: [] }
  const db = { key: 'dedicated', value: 'db', effect: 'NoSchedule' } as const
  const foreign = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' } as const

  test('are set, and noted, in one patch of the node as it was read', () => {
    const patch = nodePatch({ labels: { disk: 'ssd' }, taints: [db] }, { ...bare, taints: [foreign] })
    expect(patch).toEqual({
      metadata: {
        resourceVersion: '7',
        labels: { disk: 'ssd' },
        annotations: { [NODE_NOTE]: note(['disk'], ['dedicated:NoSchedule']) },
      },
      spec: { taints: [foreign, db] },
    })
    expect(patch && describePatch(patch, { ...bare, taints: [foreign] })).toBe(
      'label disk=ssd, taint dedicated=db:NoSchedule',
    )
  })

  test('what is as wanted needs no patch', () => {
    expect(nodePatch(none, { ...bare, labels: { a: 'b' }, taints: [foreign] })).toBeUndefined()
    const noted = note(['disk'], ['dedicated:NoSchedule'])
    const present = { ...bare, labels: { disk: 'ssd', a: 'b' }, taints: [db, foreign], noted }
    expect(nodePatch({ labels: { disk: 'ssd' }, taints: [db] }, present)).toBeUndefined()
  })

  test('what the file names no more goes, if quorate set it; the rest stays', () => {
    const noted = note(['disk', 'gone'], ['dedicated:NoSchedule'])
    const present = { ...bare, labels: { disk: 'ssd', a: 'b' }, taints: [foreign, db], noted }
    const patch = nodePatch(none, present)
    expect(patch?.metadata).toMatchObject({ labels: { disk: null }, annotations: { [NODE_NOTE]: null } })
    expect(patch?.spec).toEqual({ taints: [foreign] })
    expect(patch && describePatch(patch, present)).toBe('no label disk, no taint dedicated=db:NoSchedule')
  })

  test('what was already as wanted belongs to its owner: it stays when the file no longer names it', () => {
    const present = { ...bare, labels: { disk: 'ssd' }, taints: [db] }
    expect(nodePatch({ labels: { disk: 'ssd' }, taints: [db] }, present)).toBeUndefined()
    expect(nodePatch(none, present)).toBeUndefined()
  })

  test('hand-made changes are put right, and others of the same key kept', () => {
    const noted = note(['disk'], ['dedicated:NoSchedule'])
    const other = { key: 'dedicated', value: 'x', effect: 'NoExecute' } as const
    const present = {
      ...bare,
      labels: { disk: 'hdd' },
      taints: [{ ...db, value: 'web' }, other],
      noted,
    }
    const patch = nodePatch({ labels: { disk: 'ssd' }, taints: [db] }, present)
    expect(patch).toMatchObject({ metadata: { labels: { disk: 'ssd' } }, spec: { taints: [db, other] } })
  })

  test('an edited annotation removes nothing, and is written again', () => {
    const present = { ...bare, labels: { disk: 'ssd', constructor: 'x' }, noted: '{"labels":"disk"}' }
    const patch = nodePatch(none, present)
    expect(patch?.metadata).toEqual({ resourceVersion: '7', labels: {}, annotations: { [NODE_NOTE]: null } })
    expect(patch && describePatch(patch, present)).toMatch(/^note /)
  })
})
