/** Whether etcd's own users and roles are active. */
import { Code, ConnectError } from '@connectrpc/connect'
import type { MemberClient } from './client.ts'
import { failureKind } from './failure.ts'
import { Auth } from './gen/auth_pb.ts'

/**
 * Requests a token for an empty user name: if authentication is off, etcd reports that before it checks any name. This
 * works on every version; the call that returns the status itself exists only from 3.5 on.
 *
 * @returns undefined: the member could not say. @throws QuorateError `cancelled` after the signal.
 */
export async function usesAuthentication(
  client: MemberClient,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  try {
    await client.call(Auth.method.authenticate, { name: '', password: '' }, { signal })
    return true
  } catch (thrown) {
    const answer = connectError(thrown)
    if (answer?.code === Code.FailedPrecondition) return false
    if (answer?.code === Code.InvalidArgument) return true
    if (signal?.aborted === true) throw thrown
    return ['denied', 'unauthenticated'].includes(failureKind(thrown)) ? true : undefined
  }
}

function connectError(thrown: unknown): ConnectError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof ConnectError) return error
  }
  return undefined
}
