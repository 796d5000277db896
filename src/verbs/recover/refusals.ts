/** Reasons not to start a recovery, reported before any change. */
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import { PATHS } from '../../host/state.ts'
import { rejoinReasons, swapReasons } from '../../tiers/etcd/plan/feasible.ts'
import { parsePin, runElsewhere } from '../../tiers/etcd/facts/pin.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { counted } from '../../spec/units.ts'
import type { Survey } from './survey.ts'

/** A quorum answers, or might. */
export function refusals({ outlook, members }: Survey): readonly BlockReason[] {
  const { kind, voters, quorum: needed, ranked, readable, unreachable } = outlook
  if (kind === 'serving') {
    return [
      {
        message: 'a quorum answers: there is nothing to recover',
        hint: 'run quorate status; replace the data of a single lost or damaged member with: quorate repair NODE',
      },
    ]
  }
  if (kind === 'startable') {
    return [
      {
        message: `${readable} of ${counted(voters, 'member')} have their data, which is a quorum (${needed}): no data is lost`,
        hint: "start all members together: quorate start --all. If they already run, see why they can't connect: quorate recover",
      },
    ]
  }
  if (unreachable.length > 0) {
    const elsewhere = members.filter(({ node, state }) => node === undefined && state === 'unreachable')
    const open = kind === 'open' ? ', and could still be part of a quorum' : ', and may have newer data'
    return unreachable.map((host) => ({
      host,
      message: `unreachable${open}${elsewhere.some(({ name }) => name === host) ? '; its peers know it as a member' : ''}`,
      hint: `make it reachable; or, only if it is permanently down: --lost ${unreachable.join(' ')}`,
    }))
  }
  if (ranked.length === 0) {
    return [
      {
        message: "can't recover: no reachable node has a member's data",
        hint: 'bring back a node that has data; or restore a backup: quorate restore SNAPSHOT',
      },
    ]
  }
  return []
}

/** It starts with the cluster file's settings and the installed etcd. */
export function unfitReasons(
  cluster: Cluster,
  { members }: Survey,
  survivor: string,
): readonly BlockReason[] {
  const state = members.find(({ name }) => name === survivor)?.host?.member
  if (state === undefined) return []
  const { runBy } = parsePin(state.contents[PATHS.clusterId] ?? '') ?? {}
  if (runBy !== undefined) return [runElsewhere(survivor, runBy)]
  const options = parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
  const version = state.binaries['etcd']?.version
  const wrong: { message: string; hint: string }[] = []
  if (options['ETCD_INITIAL_ADVERTISE_PEER_URLS']?.startsWith('http:') === true) {
    wrong.push({
      message: 'the peers of the member still use http: quorate recovers only clusters that use TLS',
      hint: "follow etcd's disaster recovery documentation by hand (its data is unchanged)",
    })
  }
  if (Object.keys(state.tls.keys).length === 0) {
    wrong.push({
      message: `private key not found in ${PATHS.tls}`,
      hint: 'put its keys and certificates back; or recover from another member: --from-survivor NODE',
    })
  }
  if (version !== undefined && version !== cluster.etcd.version) {
    wrong.push({
      message: `etcd ${version} is installed, but the cluster file says ${cluster.etcd.version}`,
      hint: `set etcd.version: ${version} in the cluster file; upgrade after the recovery`,
    })
  }
  const { dataDirectory, walDirectory } = cluster.etcd
  const exchanged = [dataDirectory, ...(walDirectory.startsWith(`${dataDirectory}/`) ? [] : [walDirectory])]
  return [...wrong, ...(state.limits === undefined ? [] : swapReasons(state.limits, exchanged))].map(
    (reason) => ({ host: survivor, ...reason }),
  )
}

/** A member that can't rejoin without data would delay all others and every etcd client, while the new cluster serves. */
export function stuckReasons(
  cluster: Cluster,
  { members }: Survey,
  survivor: string,
): readonly BlockReason[] {
  const databaseBytes = members.find(({ name }) => name === survivor)?.database?.sizeBytes ?? 0
  return members.flatMap(({ name, host }) => {
    const limits = name === survivor ? undefined : host?.member?.limits
    if (limits === undefined) return []
    return rejoinReasons(cluster, limits, databaseBytes).map(({ message, hint = '' }) => ({
      host: name,
      message,
      hint: `${hint}; or turn ${name} off and leave it out: --lost ${name}`,
    }))
  })
}
