/** Brings an object to the wanted state, whatever exists under its name. */
import type { ApiClient } from '../api-client.ts'
import { refusalOf } from '../api-failure.ts'
import { type ApiObject, referenceTo } from '../api-objects.ts'

/**
 * Applies it, and takes over its fields from other managers.
 *
 * @throws QuorateError `kubernetes`; `cancelled`
 */
export async function putObject(client: ApiClient, object: ApiObject, signal?: AbortSignal): Promise<void> {
  try {
    await client.apply(object, { force: true, signal })
  } catch (error) {
    // The role of a binding is immutable, so a binding to another role is deleted and created again.
    if (!object.kind.endsWith('Binding') || refusalOf(error)?.reason !== 'Invalid') throw error
    await client.delete(referenceTo(object), { signal })
    await client.apply(object, { force: true, signal })
  }
}
