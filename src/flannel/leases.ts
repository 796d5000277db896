/** Which node holds which subnet: flannel's leases. */
import type { MemberClient } from '../etcd/client.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'

export interface SubnetLease {
  /** `10.5.52.0/24`; the key itself if it is not in flannel's form. */
  readonly subnet: string
  /** `fd00:10:5:1::/64`, with dual stack. */
  readonly ipv6Subnet: string | undefined
  /** The address of the node that holds it; undefined if the value is not in flannel's form. */
  readonly holder: string | undefined
  readonly backendType: string | undefined
  /** Reserved permanently by hand, without an etcd lease. Others expire 24 hours after the last sign of their node. */
  readonly reserved: boolean
}

/** `/coreos.com/network/subnets/`. */
export function leasesPrefix(prefix: string): string {
  return `${prefix}/subnets/`
}

/** Everything under the prefix now, read linearizably. */
export async function listLeases(
  client: MemberClient,
  prefix: string,
  signal?: AbortSignal,
): Promise<readonly SubnetLease[]> {
  const folder = leasesPrefix(prefix)
  const { kvs } = await client.call(
    KV.method.range,
    { key: utf8(folder), rangeEnd: prefixEnd(folder) },
    { signal },
  )
  return kvs.flatMap(
    ({ key, value, lease }) => parseLease(fromUtf8(key), fromUtf8(value), lease === 0n) ?? [],
  )
}

/** Parses a lease from its key, `…/10.5.52.0-24` or `…/10.5.0.0-24&fd00::-64`, and its value. */
export function parseLease(key: string, value: string, reserved: boolean): SubnetLease {
  const name = key.slice(key.lastIndexOf('/') + 1)
  const parts = /^(?<v4>\d+(?:\.\d+){3})-(?<length>\d+)(?:&(?<v6>[\da-f:]+)-(?<length6>\d+))?$/.exec(
    name,
  )?.groups
  const { PublicIP, BackendType } = parseAttributes(value)
  return {
    subnet: parts === undefined ? key : `${parts['v4']}/${parts['length']}`,
    ipv6Subnet: parts?.['v6'] === undefined ? undefined : `${parts['v6']}/${parts['length6']}`,
    holder: typeof PublicIP === 'string' ? PublicIP : undefined,
    backendType: typeof BackendType === 'string' ? BackendType : undefined,
    reserved,
  }
}

function parseAttributes(value: string): { readonly PublicIP?: unknown; readonly BackendType?: unknown } {
  try {
    const attributes: unknown = JSON.parse(value)
    return typeof attributes === 'object' && attributes !== null ? attributes : {}
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return {}
    throw thrown
  }
}
