/** Parses the API's answers into facts. Every text is cut to one line, without anything that controls a terminal. */
import * as z from 'zod'
import { oneLine } from '../spec/visible.ts'
import {
  type ConfigMapFacts,
  type DnsPod,
  type LeaderFacts,
  NODE_NOTE,
  type NodeFacts,
  type PendingRequest,
  type WorkloadFacts,
} from './api-facts.ts'
import { digestOf } from './api-objects.ts'

const MOST_TEXT = 64 * 1024
const word = z.string().transform((text) => oneLine(text, 1_000))
const words = z.record(word, word).default({})
const count = z.number().int().nonnegative().default(0)

export const NODE = z
  .looseObject({
    metadata: z.looseObject({
      name: word,
      labels: words,
      annotations: z.record(z.string(), z.string()).default({}),
      resourceVersion: word,
    }),
    spec: z
      .looseObject({
        taints: z
          .array(z.looseObject({ key: word, value: word.optional(), effect: word }))
          .nullish()
          .transform((taints) => taints ?? []),
        unschedulable: z.boolean().default(false),
        podCIDRs: z.array(word).default([]),
      })
      .prefault({}),
    status: z
      .looseObject({
        addresses: z.array(z.looseObject({ type: word, address: word })).default([]),
        conditions: z
          .array(
            z.looseObject({ type: word, status: word, message: word.default(''), reason: word.default('') }),
          )
          .default([]),
        nodeInfo: z.looseObject({ kubeletVersion: word }).optional(),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): readonly [string, NodeFacts] => {
    const ready = status.conditions.find(({ type }) => type === 'Ready')
    const facts = {
      ready: ready?.status === 'True',
      why: ready === undefined ? 'its kubelet has said nothing yet' : ready.message || ready.reason,
      kubeletVersion: status.nodeInfo?.kubeletVersion.replace(/^v/, '') ?? '',
      labels: metadata.labels,
      taints: spec.taints.map(({ key, value, effect }) => ({ key, value, effect })),
      unschedulable: spec.unschedulable,
      podCidrs: spec.podCIDRs,
      addresses: status.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      noted: metadata.annotations[NODE_NOTE],
      resourceVersion: metadata.resourceVersion,
    }
    return [metadata.name, facts]
  })

const TEMPLATE = z.looseObject({
  spec: z.looseObject({ containers: z.array(z.looseObject({ image: word.default('') })).default([]) }),
})

export const DAEMON_SET = z
  .looseObject({
    metadata: z.looseObject({ name: word, generation: z.number().default(0) }),
    spec: z.looseObject({ template: TEMPLATE }),
    status: z
      .looseObject({
        desiredNumberScheduled: count,
        numberReady: count,
        updatedNumberScheduled: count,
        observedGeneration: z.number().default(0),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): readonly [string, WorkloadFacts] => [
    metadata.name,
    {
      wanted: status.desiredNumberScheduled,
      ready: status.numberReady,
      updated: status.updatedNumberScheduled,
      images: spec.template.spec.containers.map(({ image }) => image),
      observed: status.observedGeneration >= metadata.generation,
    },
  ])

export const DEPLOYMENT = z
  .looseObject({
    metadata: z.looseObject({ name: word, generation: z.number().default(0) }),
    spec: z.looseObject({ replicas: z.number().int().nonnegative().default(1), template: TEMPLATE }),
    status: z
      .looseObject({
        readyReplicas: count,
        updatedReplicas: count,
        observedGeneration: z.number().default(0),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): readonly [string, WorkloadFacts] => [
    metadata.name,
    {
      wanted: spec.replicas,
      ready: status.readyReplicas,
      updated: status.updatedReplicas,
      images: spec.template.spec.containers.map(({ image }) => image),
      observed: status.observedGeneration >= metadata.generation,
    },
  ])

export const CONFIG_MAP = z
  .looseObject({ data: z.record(word, z.string()).default({}) })
  .transform(({ data }): ConfigMapFacts => {
    const cut = Object.entries(data).map(([key, text]) => [key, text.slice(0, MOST_TEXT)])
    return { sha256: digestOf(data), data: Object.fromEntries(cut) }
  })

/** @param now the reference for the lease's age */
export function leaderFrom(now: Date) {
  return z
    .looseObject({
      spec: z.looseObject({
        holderIdentity: z.string().nullish(),
        renewTime: z.string().nullish(),
        leaseDurationSeconds: z.number().nullish(),
      }),
    })
    .transform(({ spec }): LeaderFacts | undefined => {
      const renewed = Date.parse(spec.renewTime ?? '')
      // The lease was released properly: there is no leader.
      if (!spec.holderIdentity || Number.isNaN(renewed)) return undefined
      return {
        holder: oneLine(spec.holderIdentity.replace(/_[^_]*$/, ''), 260),
        ageMs: now.getTime() - renewed,
        durationMs: (spec.leaseDurationSeconds ?? 15) * 1000,
      }
    })
}

export const ENDPOINT_SLICE = z
  .looseObject({
    endpoints: z
      .array(
        z.looseObject({
          addresses: z.array(word),
          conditions: z.looseObject({ ready: z.boolean().nullish() }).prefault({}),
        }),
      )
      .nullish(),
  })
  .transform(({ endpoints }) =>
    (endpoints ?? [])
      .filter(({ conditions }) => conditions.ready !== false)
      .flatMap(({ addresses }) => addresses),
  )

/** undefined: already answered. */
export const CERTIFICATE_REQUEST = z
  .looseObject({
    metadata: z.looseObject({ name: word }),
    spec: z.looseObject({ signerName: word, username: word.default('') }),
    status: z
      .looseObject({
        certificate: z.string().optional(),
        conditions: z.array(z.looseObject({ type: word })).nullish(),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): PendingRequest | undefined => {
    const said = (status.conditions ?? []).map(({ type }) => type)
    if (status.certificate !== undefined || said.includes('Denied') || said.includes('Failed'))
      return undefined
    return {
      name: metadata.name,
      signer: spec.signerName,
      user: spec.username,
      approved: said.includes('Approved'),
    }
  })

export const DNS_POD = z
  .looseObject({
    metadata: z.looseObject({ name: word }),
    spec: z.looseObject({ nodeName: word.default('') }).prefault({}),
    status: z
      .looseObject({ conditions: z.array(z.looseObject({ type: word, status: word })).nullish() })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): DnsPod => ({
    name: metadata.name,
    node: spec.nodeName,
    ready: (status.conditions ?? []).some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
  }))

export const NAME = z
  .looseObject({ metadata: z.looseObject({ name: word }) })
  .transform(({ metadata }) => metadata.name)

/** A namespace whose removal takes longer than this is reported, in ms. */
const REMOVING_MS = 60_000

/** The name of a proof's namespace. undefined: it is being removed, without a sign of a problem. */
export function proofFrom(now: Date) {
  return z
    .looseObject({ metadata: z.looseObject({ name: word, deletionTimestamp: z.string().nullish() }) })
    .transform(({ metadata }) => {
      const asked = Date.parse(metadata.deletionTimestamp ?? '')
      return now.getTime() - asked < REMOVING_MS ? undefined : metadata.name
    })
}

/** An object unchanged, but without the API's records of its managers. */
export const ANY_OBJECT = z
  .looseObject({ metadata: z.looseObject({ managedFields: z.unknown().optional() }) })
  .transform(({ metadata, ...rest }): unknown => ({
    ...rest,
    metadata: { ...metadata, managedFields: undefined },
  }))
