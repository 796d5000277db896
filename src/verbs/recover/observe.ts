/** Inspects what is left of a cluster that does not answer: every node, every Raft log. Starts and writes nothing. */
import { combineErrors } from '../../errors.ts'
import type { ClusterView } from '../../etcd/view.ts'
import { readMemberLog } from '../../host/member-log.ts'
import type { HostState } from '../../host/state.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { lookAt } from '../../tiers/etcd/facts/observe.ts'
import { viewMembers } from '../../tiers/etcd/facts/view-members.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Finds, type Survey, runningOn, surveyOf } from './survey.ts'

/** @throws QuorateError as `surveyOf`, and for nodes that are reachable but can't be inspected */
export async function surveyMembers(session: Session, gone: readonly string[] = []): Promise<Survey> {
  return surveyOf(session.cluster, await findSurvivors(session), gone)
}

/** @throws QuorateError for nodes that are reachable but can't be inspected */
export async function findSurvivors(session: Session): Promise<Finds> {
  const { cluster, signal } = session
  const nodes = etcdNodes(cluster)
  const { results, errors } = await lookAt(session, nodes)
  const strange = errors.filter(({ code }) => code !== 'unreachable')
  if (strange.length > 0) throw combineErrors(strange)
  const hosts = Object.fromEntries(results.map(({ host, value }) => [host, value]))
  const [view, logs] = await Promise.all([
    askRunning(session, Object.values(hosts)),
    onAll(
      nodes.filter(({ name }) => hosts[name] !== undefined),
      async (node) => await readMemberLog(await session.remote(node), cluster.etcd, signal),
    ),
  ])
  if (logs.errors.length > 0) throw combineErrors(logs.errors)
  return {
    hosts,
    away: Object.fromEntries(
      errors.flatMap(({ host, message }) => (host === undefined ? [] : [[host, message]])),
    ),
    data: Object.fromEntries(logs.results.map(({ host, value }) => [host, value])),
    view,
  }
}

/** Asks running members whether they still serve. @returns undefined: can't ask without the CA */
async function askRunning(session: Session, hosts: readonly HostState[]): Promise<ClusterView | undefined> {
  if (runningOn(hosts).length === 0) return { members: [] }
  return (await session.bundle()) === undefined ? undefined : await viewMembers(session)
}
