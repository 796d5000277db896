/** The lease that the recorder's keys hang on, so that nothing stays if the recorder dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions, MemberClient } from '../etcd/client.ts'
import { isNotFound } from '../etcd/failure.ts'
import { Lease } from '../etcd/gen/lease_pb.ts'
import { type Patience, withRetries } from './retry.ts'

/** Seconds after which etcd removes the keys, should nobody keep the lease alive. */
export const LEASE_SECONDS = 60

const KEEP_ALIVE_MS = 10_000

export class RecorderLease {
  #id = 0n

  /** 0: there is none at this moment. */
  get id(): bigint {
    return this.#id
  }

  /** @throws QuorateError `etcd`, `cancelled` */
  async grant(patience: Patience): Promise<void> {
    this.#id = await withRetries(async (member, options) => {
      const { id } = await member.call(Lease.method.leaseGrant, { ttl: BigInt(LEASE_SECONDS) }, options)
      return id
    }, patience)
  }

  /** Keeps it alive until the signal, and grants another where it is gone. Failures are tried again. */
  async keep(patience: Patience): Promise<void> {
    const { signal } = patience
    while (!signal.aborted) {
      await sleep(KEEP_ALIVE_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        const alive = await withRetries(
          async (member, options) => await keepAlive(member, this.#id, options),
          patience,
        )
        if (!alive) await this.grant(patience)
      } catch {
        // The members' figures tell of it; the next round tries again, well before the lease ends.
        continue
      }
    }
  }

  /**
   * Whether etcd has let it run out, and its keys with it: no loss of the cluster's, but ours (this computer slept).
   * Another one is granted then.
   *
   * @throws QuorateError `etcd`, `cancelled`
   */
  async replaceIfGone(member: MemberClient, options: CallOptions): Promise<boolean> {
    const { ttl } = await member.call(Lease.method.leaseTimeToLive, { id: this.#id }, options)
    if (ttl > 0n) return false
    const granted = await member.call(Lease.method.leaseGrant, { ttl: BigInt(LEASE_SECONDS) }, options)
    this.#id = granted.id
    return true
  }

  /** Removes the keys with it. One that is gone already is fine. @throws QuorateError `etcd`, `cancelled` */
  async revoke(patience: Patience): Promise<void> {
    await withRetries(async (member, options) => {
      try {
        await member.call(Lease.method.leaseRevoke, { id: this.#id }, options)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }, patience)
  }
}

/** @returns false if there is no such lease any more. */
async function keepAlive(member: MemberClient, id: bigint, options: CallOptions): Promise<boolean> {
  for await (const answer of member.stream(Lease.method.leaseKeepAlive, { id }, options)) {
    return answer.ttl > 0n
  }
  return false
}
