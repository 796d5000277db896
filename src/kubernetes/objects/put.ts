/** Brings objects to what is wanted, on an API server that may have been started a moment ago. */
import { QuorateError } from '../../errors.ts'
import { giveUp, until } from '../../wait/until.ts'
import type { ApiClient } from '../api-client.ts'
import { isConflict, isForbidden, mayPass, refusalOf } from '../api-failure.ts'
import { type ApiObject, describeReference, referenceTo } from '../api-objects.ts'
import { NODE } from '../api-parse.ts'
import { type NodeSettings, nodePatch } from './node-settings.ts'

/** How long an API server may take to come to its senses, in ms: it starts, stops, or looks for another member of etcd. */
const PASSING_MS = 60_000

/** A server that has just begun refuses what it will allow, until it has read all bindings. */
const FORBIDDEN_LOOKS = 10

const LOOK_MS = 500

export interface PutOptions {
  readonly signal: AbortSignal
  readonly patienceFactor?: number | undefined
}

/**
 * Applies objects one after the other, since later ones may stand on earlier ones, and takes their fields from whoever has them.
 *
 * @throws QuorateError `kubernetes`; `cancelled`
 */
export async function putObjects(
  client: ApiClient,
  objects: readonly ApiObject[],
  options: PutOptions,
): Promise<void> {
  for (const object of objects)
    await patiently(async () => await put(client, object, options.signal), options)
}

/** @returns whether there was something to do */
export async function putNodeSettings(
  client: ApiClient,
  name: string,
  wanted: NodeSettings,
  options: PutOptions,
): Promise<boolean> {
  const reference = { kind: 'Node', name } as const
  const { signal } = options
  return await patiently(async () => {
    const found = await client.get(reference, NODE, { signal })
    if (found === undefined) {
      throw new QuorateError('kubernetes', `${describeReference(reference)} is not there`, {
        host: name,
        hint: `its kubelet has not registered it: on ${name}: journalctl -u kubelet`,
      })
    }
    const patch = nodePatch(wanted, found[1])
    if (patch !== undefined) await client.patch(reference, patch, 'merge', { signal })
    return patch !== undefined
  }, options)
}

async function put(client: ApiClient, object: ApiObject, signal: AbortSignal): Promise<void> {
  try {
    await client.apply(object, { force: true, signal })
  } catch (error) {
    // What a binding binds to can't be changed: one that leads elsewhere is made again.
    if (!object.kind.endsWith('Binding') || refusalOf(error)?.reason !== 'Invalid') throw error
    await client.delete(referenceTo(object), { signal })
    await client.apply(object, { force: true, signal })
  }
}

/** Again while that may help: a node that has changed in between among it. */
async function patiently<T>(work: () => Promise<T>, { signal, patienceFactor }: PutOptions): Promise<T> {
  return await until<T, QuorateError>(
    async (attempt) => {
      try {
        return { found: await work() }
      } catch (error) {
        const again =
          mayPass(error) || isConflict(error) || (isForbidden(error) && attempt <= FORBIDDEN_LOOKS)
        if (!(error instanceof QuorateError) || !again) throw error
        return { missing: error }
      }
    },
    {
      ms: PASSING_MS,
      everyMs: LOOK_MS,
      signal,
      patienceFactor,
      late: giveUp,
    },
  )
}
