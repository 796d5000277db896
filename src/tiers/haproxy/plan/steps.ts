/** The steps on each service node; none of them waits for another node. */
import type { ServiceStep } from '../../../engine/service-steps.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { HostState } from '../../../host/state.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { loadedLine } from './configuration.ts'
import { type DesiredService, desiredHaproxy, desiredKeepalived, sharesAddress } from './desired.ts'
import { HAPROXY, KEEPALIVED, writtenFor } from './files.ts'

const TIER = 'haproxy'

/** @param stamp appended to the names of renamed files */
export function balancerSteps(cluster: Cluster, hosts: Hosts, stamp: string): readonly ServiceStep[] {
  return cluster.nodes.flatMap((node) => {
    const host = hosts[node.name]
    return host === undefined ? [] : nodeSteps(cluster, node, host, hosts, stamp)
  })
}

function nodeSteps(
  cluster: Cluster,
  node: Node,
  host: HostState,
  hosts: Hosts,
  stamp: string,
): readonly ServiceStep[] {
  const haproxy = desiredHaproxy(cluster, node, host)
  const keepalived = desiredKeepalived(cluster, node, hosts)
  const proof = haproxy && {
    socket: HAPROXY.socket,
    question: 'show info',
    answer: loadedLine(haproxy.files[0]?.content ?? ''),
  }
  const gone = [
    // The address moves away before its listener ends.
    ...(sharesAddress(cluster, node)
      ? []
      : removal(cluster, host, KEEPALIVED.unit, [KEEPALIVED.configuration, KEEPALIVED.script], stamp)),
    ...(haproxy === undefined ? removal(cluster, host, HAPROXY.unit, [HAPROXY.configuration], stamp) : []),
  ]
  return [
    ...gone,
    ...(haproxy === undefined ? [] : serviceSteps(host, haproxy, proof)),
    ...(keepalived === undefined ? [] : serviceSteps(host, keepalived)),
  ]
}

type Proof = Extract<ServiceStep, { kind: 'service-load' }>['proof']

function serviceSteps(host: HostState, { unit, files }: DesiredService, proof?: Proof): ServiceStep[] {
  const common = { tier: TIER, host: host.name, unit, danger: 'none' } as const
  const written = files.flatMap(({ path, content, mode, check }): ServiceStep[] => {
    const now = host.services?.files[path]
    if (now?.text === content && now.plain && now.owner === 'root' && now.mode === mode) return []
    const why =
      now === undefined
        ? 'missing'
        : now.untouched
          ? 'as its package brought it'
          : now.text === content
            ? `is ${now.owner}'s with mode ${now.mode}`
            : 'differs from what the cluster file asks for'
    const checked = check.length === 0 ? '' : `, if ${check[0]} accepts it`
    const what = `write ${path}${checked}`
    return [{ ...common, kind: 'service-file', path, content, before: now?.text, mode, check, what, why }]
  })
  const state = host.services?.units[unit]
  const reloads = state?.active === 'active' || state?.active === 'reloading'
  const why =
    written.length > 0
      ? 'its configuration changes'
      : state?.loading === true
        ? 'its configuration was put in place and not loaded'
        : !reloads
          ? `it is ${state?.active ?? 'not there'}`
          : state.enabled
            ? undefined
            : 'it would not start at boot'
  if (why === undefined) return written
  const what = reloads ? `reload ${unit}; connections stay` : `enable and start ${unit}`
  return [...written, { ...common, kind: 'service-load', reloads, proof, what, why }]
}

/** Only what quorate wrote for this cluster; another cluster's files stay. */
function removal(
  cluster: Cluster,
  host: HostState,
  unit: string,
  paths: readonly [configuration: string, ...others: string[]],
  stamp: string,
): ServiceStep[] {
  const own = paths.filter((path) => {
    const file = host.services?.files[path]
    return file?.plain === true && writtenFor(file.text) === cluster.name
  })
  // Without its configuration, it was removed before: the rest is only a file.
  if (!own.includes(paths[0])) return []
  return [
    {
      kind: 'service-remove',
      tier: TIER,
      host: host.name,
      unit,
      suffix: `before-${stamp}`,
      paths: own,
      danger: 'none',
      what: `stop and disable ${unit}, rename ${own.join(' and ')}`,
      why: 'the cluster file does not ask for it',
    },
  ]
}
