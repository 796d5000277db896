/** Looks at everything that `precheckUpgrade` judges: versions, health, the v2 API's store, users. */
import { usesAuthentication } from '../etcd/authentication.ts'
import { peerUrl } from '../etcd/configuration.ts'
import { judgeView } from '../etcd/health.ts'
import { readServedVersion } from '../etcd/served-version.ts'
import type { UpgradeDirection, UpgradeFacts } from '../etcd/upgrade-facts.ts'
import { connectMemberV2 } from '../etcd/v2.ts'
import { atLeast, supportsV2 } from '../etcd/versions.ts'
import { readClusterView } from '../etcd/view.ts'
import { QuorateError } from '../errors.ts'
import type { Observed } from '../plan/observed.ts'
import type { Session } from '../run/session.ts'
import { type Node, etcdNodes } from '../spec/cluster.ts'

/** How long a member may take to answer a question by HTTP, in ms. */
const ANSWER_MS = 5_000

export interface LookedAt {
  readonly facts: UpgradeFacts
  /** Bytes of the largest member's database. */
  readonly storeBytes: number
}

/** @throws QuorateError `cancelled`, or of the machines that can't be reached. */
export async function upgradeFacts(
  session: Session,
  observed: Observed,
  direction: UpgradeDirection,
): Promise<LookedAt> {
  const { cluster, signal } = session
  const nodes = etcdNodes(cluster)
  const clients = await session.members(nodes)
  const view = await readClusterView(clients, signal)
  const answering = nodes.filter((_, index) => view.members[index]?.reachable === true)
  const [clusterVersion, v2Keys, ...authentication] = await Promise.all([
    highestClusterVersion(session, answering),
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
      }
    }),
    clusterVersion,
    etcd: cluster.etcd,
    problems: judgeView(view, {
      members: nodes.map((node) => ({ name: node.name, peerUrls: [peerUrl(cluster, node)] })),
    }).problems,
    voters: {
      healthy: view.members.filter((member) => member.reachable && member.read.answered).length,
      all: nodes.length,
    },
    authentication: authentication.find((answer) => answer !== undefined),
    v2Keys,
  }
  return { facts, storeBytes }
}

/** It only ever rises: a member that says less has not heard of it yet. undefined: not one of them could say. */
export async function highestClusterVersion(
  session: Session,
  nodes: readonly Node[],
): Promise<string | undefined> {
  const answers = await Promise.all(
    nodes.map(async (node) => {
      const endpoint = await session.endpoint(node)
      const options = { ...endpoint, timeoutMs: ANSWER_MS, signal: session.signal }
      return await orUndefined(async () => (await readServedVersion(options)).cluster)
    }),
  )
  return answers
    .filter((answer) => answer !== undefined)
    .toSorted((a, b) => (atLeast(`${a}.0`, `${b}.0`) ? -1 : 1))[0]
}

/** The v2 API's top-level keys, as the first member says that serves it; undefined: none does. */
async function v2Names(session: Session, nodes: readonly Node[]): Promise<readonly string[] | undefined> {
  for (const node of nodes) {
    const options = { ...(await session.endpoint(node)), timeoutMs: ANSWER_MS, signal: session.signal }
    const client = connectMemberV2(options)
    try {
      const names = await orUndefined(async () => await client.names('/'))
      if (names !== undefined) return names
    } finally {
      await client.close()
    }
  }
  return undefined
}

/** A member that can't say is no failure of the whole. */
async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'etcd') throw error
    return undefined
  }
}
