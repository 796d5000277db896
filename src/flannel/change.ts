/** Which changes of a configuration are safe while nodes hold subnets under the old one. */
import { QuorateError } from '../errors.ts'
import type { FlannelConfig } from '../spec/cluster.ts'
import { backendType } from './backend.ts'
import { parseConfig } from './config.ts'
import { leasesPrefix, type SubnetLease } from './leases.ts'
import type { Complaint } from './problem.ts'
import { IPV4, IPV6, resolveSubnets, type FamilyKeys } from './subnets.ts'

/**
 * The keys whose meaning differs, of those that all nodes must agree on: the networks and how they are cut, and how
 * packets travel. flanneld reads them at its start only, so nodes with leases go on with the old ones, and a changed
 * subnet leaves its pods without addresses. Other options (MTU, DirectRouting …) take effect node by node.
 * Without a stored configuration, or with one that can't be read, everything differs.
 */
export function unsafeChanges(stored: string | undefined, wanted: FlannelConfig): readonly string[] {
  const before = stored === undefined ? undefined : parseConfig(stored)
  if (before === undefined) return ['Network']
  const old = agreements(before)
  return Object.entries(agreements(wanted)).flatMap(([key, value]) => (old[key] === value ? [] : [key]))
}

/**
 * The refusal, with who holds what.
 *
 * @param names Node names by address, for the message.
 */
export function refuseChange(
  changes: readonly string[],
  leases: readonly SubnetLease[],
  prefix: string,
  names: ReadonlyMap<string, string> = new Map(),
): QuorateError {
  const held = leases.map(({ subnet, ipv6Subnet, holder, reserved }) => {
    const who = holder === undefined ? 'an unknown node' : (names.get(holder) ?? holder)
    return `${[subnet, ipv6Subnet].filter(Boolean).join(' and ')} by ${who}${reserved ? ' (reserved)' : ''}`
  })
  const shown = held.length > 10 ? [...held.slice(0, 10), `${held.length - 10} more`] : held
  return new QuorateError(
    'flannel',
    `flannel's ${changes.join(', ')} can't change while nodes hold subnets: ${shown.join(', ')}`,
    {
      hint: `drain the nodes and stop flanneld on them, remove the keys under ${leasesPrefix(prefix)} (otherwise they expire after 24 hours), then rerun the command`,
    },
  )
}

/** What nodes must agree on, with flannel's defaults filled in, so that writing out a default is no change. */
function agreements(config: FlannelConfig): Record<string, string> {
  const type = backendType(config.Backend)
  return {
    ...familyAgreements(config, IPV4),
    ...(config.EnableIPv6 === true ? familyAgreements(config, IPV6) : {}),
    EnableIPv6: String(config.EnableIPv6 === true),
    'Backend.Type': type,
    'Backend.VNI': type === 'vxlan' ? JSON.stringify(option(config, 'VNI') ?? 1) : '',
    'Backend.Port': JSON.stringify(option(config, 'Port') ?? 'default'),
  }
}

function familyAgreements(config: FlannelConfig, keys: FamilyKeys): Record<string, string> {
  const subnets = resolveSubnets(config, keys, ignored)
  return {
    [keys.network]: subnets
      ? `${subnets.network.first}/${subnets.network.prefix}`
      : String(config[keys.network]),
    [keys.length]: String(subnets?.length),
    [keys.min]: String(subnets?.min),
    [keys.max]: String(subnets?.max),
  }
}

const ignored: Complaint = () => undefined

function option({ Backend = { Type: 'udp' } }: FlannelConfig, name: string): unknown {
  return Object.entries(Backend).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
}
