/** Inspects every member's data, without starting or writing anything. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { groupByContents } from '../../etcd/contents.ts'
import { damageIn } from '../../etcd/damage.ts'
import { readMemberLog } from '../../host/member-log.ts'
import type { HostState } from '../../host/state.ts'
import { type Standing, standingOf } from '../../tiers/etcd/facts/standing.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type Evidence, type MemberSigns, type RepairOutlook, judgeDamage } from './decide.ts'
import { evidenceAtSight, mayHideDamage } from './evidence.ts'
import { type Voter, votersOf } from '../../tiers/etcd/plan/remedy.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { MEMBERS } from '../../tiers/etcd/facts/facets.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import { healthyClients } from '../../tiers/etcd/facts/members.ts'

/** How many lines of a journal are read. */
const LINES = 400

export interface DamageLook {
  readonly outlook: RepairOutlook
  readonly standing: Standing
  /** Hexadecimal, by node's name: its member's ID, where it answers. */
  readonly memberIds: Readonly<Record<string, string>>
  /** Names of the members with the majority's keyspace. */
  readonly agreeing: readonly string[]
}

/** @throws QuorateError `blocked` if no member answers; the errors of failed requests */
export async function lookForDamage(session: Session): Promise<DamageLook> {
  const nodes = etcdNodes(session.cluster)
  const observed = await observe(session, MEMBERS)
  const { hosts, cluster: facts } = observed
  const standing = standingOf(session.cluster, observed)
  const clients = await healthyClients(session, standing)
  const enough = clients.length >= quorum(standing.voters)
  const { groups } = enough ? await groupByContents(clients, session.signal) : { groups: [] }
  const members = await signsOf(session, nodes, hosts, standing)
  const corrupt = standing.alarms.filter(({ type }) => type === 'CORRUPT').map(({ member }) => member)
  return {
    outlook: judgeDamage({
      members,
      groups,
      voters: standing.voters,
      corrupt,
      standing: votersToday(standing, members),
    }),
    standing,
    memberIds: facts?.ids ?? {},
    agreeing: groups[0] ?? [],
  }
}

/** Damaged data is as useless as missing data. */
function votersToday(standing: Standing, members: readonly MemberSigns[]): readonly Voter[] {
  const damaged = members.filter(({ healthy, evidence }) => !healthy && evidence.length > 0)
  return votersOf(standing).map((voter) =>
    damaged.some(({ name }) => name === voter.name) ? { ...voter, state: 'lost' } : voter,
  )
}

async function signsOf(
  session: Session,
  nodes: readonly Node[],
  hosts: Readonly<Record<string, HostState>>,
  { members }: Standing,
): Promise<readonly MemberSigns[]> {
  const { results, errors } = await onAll(nodes, async (node): Promise<MemberSigns> => {
    const one = members.find(({ name }) => name === node.name)
    const host = hosts[node.name]
    const healthy = one?.healthy ?? false
    const signs = { name: node.name, healthy, reached: host !== undefined }
    if (host?.member === undefined) return { ...signs, evidence: [] }
    const atSight = evidenceAtSight(session.cluster, host.member, one)
    const read = mayHideDamage(host.member, one, atSight) ? await damageOn(session, node) : []
    return { ...signs, evidence: [...(atSight ?? []), ...read] }
  })
  if (errors.length > 0) throw combineErrors(errors)
  return results.map(({ value }) => value)
}

/** Of a member that doesn't answer: its journal and its Raft log. */
async function damageOn(session: Session, node: Node): Promise<readonly Evidence[]> {
  const remote = await session.remote(node)
  const argv = [
    'journalctl',
    '--no-pager',
    '--quiet',
    '--output=cat',
    `--lines=${LINES}`,
    '--unit=etcd.service',
  ]
  const [journal, data] = await Promise.all([
    remote.run({ argv, root: true, signal: session.signal }),
    readMemberLog(remote, session.cluster.etcd, session.signal),
  ])
  if (journal.exitCode !== 0) {
    throw new QuorateError('command', `can't read its journal: ${journal.stderr.trim()}`, {
      host: node.name,
    })
  }
  const said = damageIn(journal.stdout).map(({ kind, what, line }): Evidence => ({
    kind,
    text: `${what}: ${line}`,
  }))
  const trouble = data.log?.trouble?.kind === 'damaged' ? data.log.trouble.message : data.unreadable
  if (trouble === undefined || said.some(({ kind }) => kind === 'log')) return said
  return [...said, { kind: 'log', text: `its Raft log (WAL) is damaged: ${trouble}` }]
}
