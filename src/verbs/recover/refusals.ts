/** What speaks against beginning a recovery: said before anything is touched. */
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import { PATHS } from '../../host/state.ts'
import { rejoinReasons, swapReasons } from '../../tiers/etcd/plan/feasible.ts'
import { parsePin, runElsewhere } from '../../tiers/etcd/facts/pin.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { counted } from '../../spec/units.ts'
import type { Survey } from './survey.ts'

/** Where a quorum answers, or might. */
export function refusals({ outlook, members }: Survey): readonly BlockReason[] {
  const { kind, voters, quorum: needed, ranked, unreachable } = outlook
  if (kind === 'serving') {
    return [
      {
        message: 'a quorum answers: there is nothing to recover',
        hint: 'see quorate status; single members that are lost or damaged are made anew by: quorate repair NODE',
      },
    ]
  }
  if (kind === 'startable') {
    return [
      {
        message: `${ranked.length} of ${counted(voters, 'member')} have their data, and ${needed} are a quorum: nothing is lost`,
        hint: 'start them together: quorate start --all. If they run already, find out why they do not find each other: quorate recover',
      },
    ]
  }
  if (unreachable.length > 0) {
    const elsewhere = members.filter(({ node, state }) => node === undefined && state === 'unreachable')
    const open = kind === 'open' ? ', and could be part of a quorum' : ', and may have a better copy'
    return unreachable.map((host) => ({
      host,
      message: `it can not be reached${open}${elsewhere.some(({ name }) => name === host) ? '; its peers know it as a member' : ''}`,
      hint: `bring it back, or, once you know that it is off and stays off, say so: --lost ${unreachable.join(' ')}`,
    }))
  }
  if (ranked.length === 0) {
    return [
      {
        message: 'no machine has the data of a member: there is nothing to go on from',
        hint: 'only a backup can help now (quorate restore SNAPSHOT), or a machine that comes back',
      },
    ]
  }
  return []
}

/** It starts with the cluster file's settings, on what is installed there. */
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
      message: 'its peers still spoke http with it: quorate recovers clusters that have TLS',
      hint: 'recover it by hand, as etcd’s own documentation has it; its data is untouched',
    })
  }
  if (Object.keys(state.tls.keys).length === 0) {
    wrong.push({
      message: `there is no key of its own in ${PATHS.tls}`,
      hint: 'put its keys and certificates back, or go on from another copy: --from-survivor NODE',
    })
  }
  if (version !== undefined && version !== cluster.etcd.version) {
    wrong.push({
      message: `etcd ${version} is installed there, and the cluster file says ${cluster.etcd.version}`,
      hint: `put etcd.version: ${version} into the cluster file for now; upgrade when the cluster is whole again`,
    })
  }
  const { dataDirectory, walDirectory } = cluster.etcd
  const exchanged = [dataDirectory, ...(walDirectory.startsWith(`${dataDirectory}/`) ? [] : [walDirectory])]
  return [...wrong, ...(state.limits === undefined ? [] : swapReasons(state.limits, exchanged))].map(
    (reason) => ({ host: survivor, ...reason }),
  )
}

/** Who can't begin again without data would keep all others, and what uses etcd, waiting: the new cluster serves by then. */
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
      hint: `${hint}; or turn ${name} off, and leave it out: --lost ${name}`,
    }))
  })
}
