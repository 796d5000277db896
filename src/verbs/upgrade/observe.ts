/** Inspects everything that `precheckUpgrade` judges: versions, health, the v2 API's data, users. */
import { usesAuthentication } from '../../etcd/authentication.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { peerUrl } from '../../etcd/configuration.ts'
import { enabledDowngrade, isSecretlyEnabled, validateDowngrade } from '../../etcd/downgrade.ts'
import type { MemberEndpoint } from '../../etcd/endpoint.ts'
import { judgeView } from '../../etcd/health.ts'
import { compareMinors, minorIn } from '../../etcd/minor.ts'
import { readServedVersion } from '../../etcd/served-version.ts'
import { isDowngrade } from '../../etcd/upgrade-downgrade.ts'
import type { UpgradeDirection, UpgradeFacts } from '../../etcd/upgrade-facts.ts'
import { DOWNGRADES, V2_LOG_PANICS } from '../../spec/version-facts.ts'
import { connectMemberV2 } from '../../etcd/v2.ts'
import { minorOf, supportsV2 } from '../../etcd/versions.ts'
import { type ClusterView, readClusterView } from '../../etcd/view.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { holdsV2Requests } from '../../host/member-log.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { OWN_ADDRESS, isWildcard, listenUrls } from '../../spec/listen-urls.ts'
import { onAll } from '../../ssh/fleet.ts'
import { healthyVoters } from '../../etcd/voters.ts'

/** How long a member may take to answer an HTTP request, in ms. */
const ANSWER_MS = 5_000

export interface LookedAt {
  readonly facts: UpgradeFacts
  /** Size of the largest member's database in bytes. */
  readonly storeBytes: number
}

/**
 * @param file the cluster file's version
 * @throws QuorateError `cancelled`, or the errors of unreachable nodes.
 */
export async function upgradeFacts(
  session: Session,
  observed: Observed,
  direction: UpgradeDirection,
  file: string,
): Promise<LookedAt> {
  const { cluster, signal } = session
  const nodes = etcdNodes(cluster)
  const clients = await session.members(nodes)
  const view = await readClusterView(clients, signal)
  const answering = nodes.filter((_, index) => view.members[index]?.reachable === true)
  const [said, downgrade, v2Keys, ...authentication] = await Promise.all([
    clusterVersions(session, answering),
    downgradeTarget(view, clients, signal),
    v2Names(
      session,
      answering.filter((node) => {
        const member = view.members[nodes.indexOf(node)]
        return member?.reachable === true && supportsV2(member.version)
      }),
    ),
    ...answering.map(async (node) => await usesAuthentication(clients[nodes.indexOf(node)]!, signal)),
  ])
  const storeBytes = Math.max(0, ...view.members.map((member) => (member.reachable ? member.dbSizeBytes : 0)))
  const v2Logs = await v2LogsOf(session, view)
  const facts: UpgradeFacts = {
    direction,
    to: cluster.etcd.version,
    members: view.members.map((member) => {
      const state = observed.hosts[member.name]?.member
      return {
        name: member.name,
        running: member.reachable ? member.version : undefined,
        installed: state?.binaries['etcd']?.version,
        active: state?.unit.active === 'active',
        v2Log: v2Logs.get(member.name),
      }
    }),
    // A member that reports a lower version has not yet received the increase.
    clusterVersion: said.toSorted(compareMinors).at(-1),
    file,
    downgrade,
    etcd: cluster.etcd,
    problems: judgeView(view, {
      members: nodes.map((node) => ({ name: node.name, peerUrls: [peerUrl(cluster, node)] })),
    }).problems,
    voters: {
      healthy: healthyVoters(view).length,
      all: nodes.length,
    },
    authentication: authentication.find((answer) => answer !== undefined),
    v2Keys,
  }
  const leader = clients.find(({ name }) => name === observed.cluster?.leader)
  return { facts: { ...facts, refusal: await refusalOf(session, facts, leader) }, storeBytes }
}

/** Asks the members that can answer. */
export async function clusterVersions(session: Session, nodes: readonly Node[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    nodes.map(async (node) => {
      const ask = async (endpoint: MemberEndpoint) => {
        const options = { ...endpoint, timeoutMs: ANSWER_MS, signal: session.signal }
        return await orUndefined(async () => (await readServedVersion(options)).cluster)
      }
      const apart = await httpEndpoint(session, node)
      const answer = apart === undefined ? undefined : await ask(apart)
      // Until a member was restarted with the setting, it still serves http at the old address.
      return answer ?? (await ask(await session.endpoint(node)))
    }),
  )
  return answers.filter((answer) => answer !== undefined)
}

/** The minor to which a downgrade is enabled. Members of 3.5 don't report it, but refuse another one. */
async function downgradeTarget(
  { members }: ClusterView,
  clients: readonly MemberClient[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const reachable = members.filter((member) => member.reachable)
  const said = enabledDowngrade(reachable)
  if (said !== undefined || reachable.length === 0) return said
  if (reachable.some(({ version }) => minorIn(version) !== '3.5')) return undefined
  const client = clients.find(({ name }) =>
    reachable.some((member) => member.name === name && member.read.answered),
  )
  if (client === undefined) return undefined
  return (await orUndefined(async () => await isSecretlyEnabled(client, '3.5', signal))) ? '3.5' : undefined
}

/** By name, for members that would move to a minor that doesn't start with such a log. */
async function v2LogsOf(
  session: Session,
  { members }: ClusterView,
): Promise<ReadonlyMap<string, boolean | undefined>> {
  const { cluster, signal } = session
  const minor = minorOf(cluster.etcd.version)
  const rule = V2_LOG_PANICS[minor]
  if (rule === undefined) return new Map()
  const leave = members.filter(
    (member) => member.reachable && compareMinors(minorIn(member.version) ?? minor, minor) < 0,
  )
  const nodes = etcdNodes(cluster).filter(({ name }) => leave.some((member) => member.name === name))
  const { results, errors } = await onAll(
    nodes,
    async (node) => await holdsV2Requests(await session.remote(node), cluster.etcd, rule.requests, signal),
  )
  if (errors.length > 0) throw combineErrors(errors)
  return new Map(results.map(({ host, value }) => [host, value]))
}

/** Why etcd would refuse to downgrade the cluster in its present state. */
async function refusalOf(
  session: Session,
  facts: UpgradeFacts,
  client: MemberClient | undefined,
): Promise<string | undefined> {
  const minor = minorOf(facts.to)
  const asked = isDowngrade(facts) && facts.downgrade === undefined && facts.clusterVersion !== minor
  if (!asked || client === undefined || DOWNGRADES[minor] === undefined) return undefined
  try {
    const verdict = await validateDowngrade(client, minor, session.signal)
    if (verdict === 'possible') return undefined
    return verdict === 'under-way'
      ? 'another downgrade is in progress'
      : `the cluster version is ${facts.clusterVersion}`
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'etcd') throw error
    return error.message
  }
}

/**
 * Where `listen-client-http-urls` moves http away from the client port, which then only speaks gRPC; undefined: it
 * doesn't.
 */
async function httpEndpoint(session: Session, node: Node): Promise<MemberEndpoint | undefined> {
  const urls = listenUrls(session.cluster.etcd.settings['listen-client-http-urls'])
  const url = urls.find(({ tls }) => tls) ?? urls[0]
  if (url === undefined) return undefined
  const address = isWildcard(url) ? '127.0.0.1' : url.host === OWN_ADDRESS ? node.address : url.host
  const tls = url.tls ? await session.credentials() : undefined
  const remote = await session.remote(node)
  const socketPath = await remote.forward({ address, port: url.port })
  return { name: node.name, target: { socketPath }, identity: address, tls }
}

/** The v2 API's top-level keys from each member that serves it; undefined: no member does. */
async function v2Names(session: Session, nodes: readonly Node[]): Promise<readonly string[] | undefined> {
  let all: readonly string[] | undefined
  for (const node of nodes) {
    const options = { ...(await session.endpoint(node)), timeoutMs: ANSWER_MS, signal: session.signal }
    const client = connectMemberV2(options)
    try {
      const names = await orUndefined(async () => await client.names('/'))
      if (names !== undefined) all = [...new Set([...(all ?? []), ...names])]
    } finally {
      await client.close()
    }
  }
  return all
}

/** A member that doesn't answer is not a failure of the whole. */
async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'etcd') throw error
    return undefined
  }
}
