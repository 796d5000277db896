/** Brings an object to what is wanted, whatever is in the API in its place. */
import type { ApiClient } from '../api-client.ts'
import { refusalOf } from '../api-failure.ts'
import { type ApiObject, referenceTo } from '../api-objects.ts'

/**
 * Applies it, and takes its fields from whoever has them.
 *
 * @throws QuorateError `kubernetes`; `cancelled`
 */
export async function putObject(client: ApiClient, object: ApiObject, signal?: AbortSignal): Promise<void> {
  try {
    await client.apply(object, { force: true, signal })
  } catch (error) {
    // What a binding binds to can't be changed: one that leads elsewhere is made again.
    if (!object.kind.endsWith('Binding') || refusalOf(error)?.reason !== 'Invalid') throw error
    await client.delete(referenceTo(object), { signal })
    await client.apply(object, { force: true, signal })
  }
}
