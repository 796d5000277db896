/** The lease of the recorder's keys, which removes them if the recorder is killed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions, MemberClient } from '../etcd/client.ts'
import { isNotFound } from '../etcd/failure.ts'
import { Lease } from '../etcd/gen/lease_pb.ts'
import { type Patience, withRetries } from './retry.ts'

/** Seconds after which etcd removes the keys if nothing keeps the lease alive. */
export const LEASE_SECONDS = 60

const KEEP_ALIVE_MS = 10_000

export class RecorderLease {
  #id = 0n

  /** 0: there is none at the moment. */
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

  /** Keeps it alive until the signal, and grants another if it is gone. Retries failures. */
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
        // The members' figures record it. The next round tries again, well before the lease ends.
        continue
      }
    }
  }

  /**
   * Grants another lease if etcd let it expire, and its keys with it. The cluster lost no data then: the workstation
   * slept.
   *
   * @returns whether it had expired
   * @throws QuorateError `etcd`, `cancelled`
   */
  async replaceIfGone(member: MemberClient, options: CallOptions): Promise<boolean> {
    const { ttl } = await member.call(Lease.method.leaseTimeToLive, { id: this.#id }, options)
    if (ttl > 0n) return false
    const granted = await member.call(Lease.method.leaseGrant, { ttl: BigInt(LEASE_SECONDS) }, options)
    this.#id = granted.id
    return true
  }

  /** Also removes its keys. A lease that is gone already is fine. @throws QuorateError `etcd`, `cancelled` */
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

/** @returns false if the lease no longer exists. */
async function keepAlive(member: MemberClient, id: bigint, options: CallOptions): Promise<boolean> {
  for await (const answer of member.stream(Lease.method.leaseKeepAlive, { id }, options)) {
    return answer.ttl > 0n
  }
  return false
}
