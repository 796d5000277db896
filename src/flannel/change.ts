/** Which changes of a configuration are safe while nodes hold subnets of the old one. */
import { QuorateError } from '../errors.ts'
import type { FlannelConfig } from '../spec/cluster.ts'
import { backendType } from './backend.ts'
import { parseConfig } from './config.ts'
import { leasesPrefix, type SubnetLease } from './leases.ts'
import type { Complaint } from './problem.ts'
import { IPV4, IPV6, resolveSubnets, type FamilyKeys } from './subnets.ts'

/**
 * Keys that all nodes must agree on and whose meaning changes: the networks, how they are divided, and how packets
 * travel. flanneld reads them only when it starts, so nodes with leases continue with the old values, and pods of a
 * changed subnet lose their addresses. Other options (MTU, DirectRouting …) take effect node by node. If no readable
 * configuration is stored, all of these keys change.
 */
export function unsafeChanges(stored: string | undefined, wanted: FlannelConfig): readonly string[] {
  const before = stored === undefined ? undefined : parseConfig(stored)
  if (before === undefined) return ['Network']
  const old = agreements(before)
  return Object.entries(agreements(wanted)).flatMap(([key, value]) => (old[key] === value ? [] : [key]))
}

/**
 * The refusal, naming the nodes and their subnets.
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

/** What nodes must agree on, with flannel's defaults filled in: adding a default explicitly is not a change. */
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
