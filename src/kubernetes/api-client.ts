/** A client for one API server, or for the load balancer in front of them: about ten requests of its REST API. */
import * as z from 'zod'
import { oneLine, visible } from '../spec/visible.ts'
import { isNotFound, refusal } from './api-failure.ts'
import {
  type ApiObject,
  type Kind,
  type Reference,
  collectionPath,
  describeReference,
  objectPath,
  referenceTo,
} from './api-objects.ts'
import { type ApiOptions, type RequestOptions, fitting, openApi } from './api-request.ts'

/** The owner of the fields that quorate applies. https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export const FIELD_MANAGER = 'quorate'

const OWNED = { fieldManager: FIELD_MANAGER }

const PAGE = 100

/** The limit for one list: far more than in the clusters that quorate is made for. */
const MOST_ITEMS = 5_000

export interface ListOptions extends RequestOptions {
  /** undefined: the whole cluster. */
  readonly namespace?: string | undefined
  /** `app=probe`. */
  readonly labels?: string | undefined
  /** `spec.nodeName=worker01`. */
  readonly fields?: string | undefined
}

/**
 * The kind of patch. `merge`: RFC 7386. `strategic`: the API's own, which merges lists of built-in kinds by their keys.
 * `json`: RFC 6902, whose `test` makes a change depend on the present state.
 */
export type PatchType = 'merge' | 'strategic' | 'json'

/** The result of `/readyz`. */
export interface Readiness {
  readonly ready: boolean
  /** Names of failing checks. */
  readonly failed: readonly string[]
}

/**
 * Requests throw QuorateError `kubernetes` if the server is unreachable, is not the expected one, refuses the request
 * (`refusalOf` says why, `mayPass` whether to retry), or sends an invalid answer; `cancelled` after the signal.
 */
export interface ApiClient {
  readonly name: string
  /** undefined: it doesn't exist. */
  get<T>(what: Reference, schema: z.ZodType<T>, options?: RequestOptions): Promise<T | undefined>
  /** Lists all objects of a kind, page by page. Throws if an object doesn't match `schema`. */
  list<T>(kind: Kind, schema: z.ZodType<T>, options?: ListOptions): Promise<readonly T[]>
  create(object: ApiObject, options?: RequestOptions): Promise<void>
  /**
   * Server-side apply: sets these fields, and removes fields that quorate applied before and no longer names. Fields of
   * other managers stay. If another manager owns one of these fields, that is a conflict, unless `force` takes the
   * field over.
   */
  apply(object: ApiObject, options?: RequestOptions & { readonly force?: boolean | undefined }): Promise<void>
  patch(what: Reference, patch: unknown, type: PatchType, options?: RequestOptions): Promise<void>
  /** Also deletes its dependents, in the background. false: it didn't exist. */
  delete(
    what: Reference,
    options?: RequestOptions & { readonly graceSeconds?: number | undefined },
  ): Promise<boolean>
  /** Evicts a pod as a drain does: a PodDisruptionBudget can forbid it (429). false: it didn't exist. */
  evict(pod: Omit<Reference, 'kind'>, options?: RequestOptions): Promise<boolean>
  /** The end of a container's log, at most `bytes` of it, with control characters made visible. */
  log(
    pod: Omit<Reference, 'kind'>,
    bounds: { readonly lines: number; readonly bytes: number },
    options?: RequestOptions,
  ): Promise<string>
  /** Asks /readyz. Returns the answer of a server that is not ready, instead of throwing. */
  readyz(options?: RequestOptions): Promise<Readiness>
  /** `1.37.2`. */
  version(options?: RequestOptions): Promise<string>
  /** Closes the connections and aborts all running requests. Can be called twice. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
}

const VERSION = z.looseObject({ gitVersion: z.string().regex(/^v\d+\.\d+\.\d+/) })

const LIST = z.looseObject({
  metadata: z.looseObject({ continue: z.string().optional() }),
  items: z.array(z.unknown()),
})

/** undefined: it doesn't exist. */
async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

export function connectApi(options: ApiOptions): ApiClient {
  const api = openApi(options)

  return {
    name: options.name,
    get: async (what, schema, call) => {
      const words = `get ${describeReference(what)}`
      return await ifThere(api.json({ ...call, method: 'GET', path: objectPath(what), what: words }, schema))
    },
    list: async (kind, schema, { namespace, labels, fields, ...call } = {}) => {
      const found: unknown[] = []
      const what = `list objects of the kind ${kind}`
      const request = { ...call, method: 'GET', path: collectionPath(kind, namespace), what } as const
      const selectors = {
        ...(labels === undefined ? {} : { labelSelector: labels }),
        ...(fields === undefined ? {} : { fieldSelector: fields }),
      }
      for (let next: string | undefined; next !== '';) {
        const query = { limit: String(PAGE), ...selectors, ...(next === undefined ? {} : { continue: next }) }
        const { items, metadata } = await api.json({ ...request, query }, LIST)
        found.push(...items)
        next = metadata.continue ?? ''
        const endless = next !== '' && items.length === 0
        if (found.length > MOST_ITEMS || endless)
          throw api.failed(new RangeError(`there are more than ${MOST_ITEMS}, or no end of pages`), request)
      }
      try {
        return found.map((item) => fitting(item, schema))
      } catch (thrown) {
        throw api.failed(thrown, request)
      }
    },
    create: async (object, call) => {
      const path = collectionPath(object.kind, object.metadata.namespace)
      const what = `create ${describeReference(referenceTo(object))}`
      await api.text({ ...call, method: 'POST', path, query: OWNED, body: object, what })
    },
    apply: async (object, { force = false, ...call } = {}) => {
      const path = objectPath(referenceTo(object))
      const what = `apply ${describeReference(referenceTo(object))}`
      const query = { ...OWNED, force: String(force) }
      // JSON is also YAML, and every version with server-side apply accepts it under this type.
      const type = 'application/apply-patch+yaml'
      await api.text({ ...call, method: 'PATCH', path, query, body: object, type, what })
    },
    patch: async (reference, patch, type, call) => {
      const path = objectPath(reference)
      const what = `patch ${describeReference(reference)}`
      const sent = { query: OWNED, body: patch, type: PATCH_TYPES[type] }
      await api.text({ ...call, ...sent, method: 'PATCH', path, what })
    },
    delete: async (reference, { graceSeconds, ...call } = {}) => {
      const path = objectPath(reference)
      const what = `delete ${describeReference(reference)}`
      const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...grace }
      return (await ifThere(api.text({ ...call, method: 'DELETE', path, body, what }))) !== undefined
    },
    evict: async (pod, call) => {
      const { name, namespace } = pod
      const path = `${objectPath({ kind: 'Pod', ...pod })}/eviction`
      const what = `evict ${describeReference({ kind: 'Pod', ...pod })}`
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
      return (await ifThere(api.text({ ...call, method: 'POST', path, body, what }))) !== undefined
    },
    log: async (pod, { lines, bytes }, call) => {
      const path = `${objectPath({ kind: 'Pod', ...pod })}/log`
      const what = `read the log of ${describeReference({ kind: 'Pod', ...pod })}`
      const query = { tailLines: String(lines), limitBytes: String(bytes) }
      return visible((await api.text({ ...call, method: 'GET', path, query, what })).slice(0, bytes))
    },
    readyz: async (call) => {
      const what = 'say whether it is ready'
      const request = { ...call, method: 'GET', path: '/readyz', query: { verbose: '' }, what } as const
      const { status, text } = await api.send(request)
      if (status === 200) return { ready: true, failed: [] }
      if (status === 500) return { ready: false, failed: failedChecks(text) }
      throw api.failed(refusal(status, text), request)
    },
    version: async (call) => {
      const request = { ...call, method: 'GET', path: '/version', what: 'say its version' } as const
      return oneLine((await api.json(request, VERSION)).gitVersion.slice(1), 60)
    },
    close: async () => await api.close(),
    [Symbol.asyncDispose]: async () => await api.close(),
  }
}

/** The names in a verbose answer of /readyz, such as `[-]etcd failed: reason withheld`. */
export function failedChecks(answer: string): readonly string[] {
  return [...answer.matchAll(/^\[-\]([A-Za-z0-9/._-]{1,100})/gm)].map(([, name = '']) => name).slice(0, 50)
}
