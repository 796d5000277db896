/**
 * The planner: which step is safe next? A pure function of the intent and of what was observed.
 *
 * A crash, a lost reply or a rerun is not a special case: observe again, and ask again.
 */
import { CAUGHT_UP } from '../../../etcd/lag.ts'
import { packagesFor } from '../../../host/needs.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { certificateNames, faultsOf } from './certificates.ts'
import { issueStep } from '../steps/certificates.ts'
import { ascend } from './descend.ts'
import { foreignFileSteps } from './foreign-files.ts'
import { foreignPathReasons } from './ground.ts'
import type { ApplyIntent } from './intent.ts'
import { keptMembers, keptReason, quorumWithout } from './kept.ts'
import { arrive, depart, join, leave } from './members.ts'
import { renamedAndMoved } from './membership.ts'
import { ETCD } from '../guest.ts'
import { GUESTS } from '../guests.ts'
import type { Observed } from '../facts/observed.ts'
import { demandsForNow, holdName, isStuck, wouldReject } from './peer-identity.ts'
import { peersForNow, unknownSchemes } from './plain-peers.ts'
import { memberSteps, packageSteps } from './prepare.ts'
import { memberFiles, wantedFiles } from './member-files.ts'
import { refusals } from './refusals.ts'
import { heal, relocate, roll } from './roll.ts'
import { rosterOf } from '../facts/membership-map.ts'
import { trustMarkFile } from '../../../pki/trust-mark.ts'
import { judgeSituation } from '../facts/situation.ts'
import { sameMachineReasons } from '../facts/same-machine.ts'
import { type Scene, type Rule, type RuleAnswer, isBlocked } from './rule.ts'
import { startSteps } from './start.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { Tier } from '../../../engine/tier.ts'
import { type HostStep, type Next, type Step, isHostStep } from '../steps/steps.ts'
import { canary } from './upgrade.ts'
import { underwayReasons } from '../../../engine/underway.ts'
import { holdBack, isNewCaUnknown, trustReasons } from './trust.ts'
import { counted } from '../../../spec/units.ts'

export function next(asked: ApplyIntent, looked: Observed): Next {
  const cluster = demandsForNow(peersForNow(asked.cluster, looked), looked, asked.upgrade)
  const intent: ApplyIntent = { ...asked, cluster }
  const unfinished = underwayReasons(looked.hosts, asked.finishes)
  if (unfinished.length > 0) return { kind: 'blocked', reasons: unfinished }
  const strange = [...sameMachineReasons(cluster, looked), ...foreignPathReasons(cluster, looked)]
  if (strange.length > 0) return { kind: 'blocked', reasons: strange }
  const situation = judgeSituation(intent, looked)
  if (situation.kind === 'blocked') return situation
  const { members = [], healthy = [] } = looked.cluster ?? {}
  const listed = situation.kind === 'established' && members.length > 0
  const roster = listed ? rosterOf(cluster, members, healthy.length) : undefined
  const kept = situation.kind === 'established' ? keptMembers(intent, looked, roster) : []
  const reasons = [
    ...refusals(intent, looked),
    ...(intent.beside ?? []).flatMap((tier) =>
      tier.refusals(cluster, looked.hosts, looked.beside?.[tier.name]),
    ),
    ...trustReasons(intent, looked),
    ...unknownSchemes(cluster, looked),
    ...(situation.kind === 'established' ? renamedAndMoved(cluster, looked, roster) : []),
    ...quorumWithout(kept, looked, roster, etcdNodes(cluster)),
  ]
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  const observed = holdName(intent, holdBack(intent, looked))
  const scene: Scene = { intent, looked, observed, situation, roster, kept }
  const apart = (situation.kind === 'established' ? situation.apart : undefined) ?? []
  for (const rule of apart.length === 0 ? RULES : TAKE_OVER) {
    const answer = without(apart, rule(scene))
    const idle = !isBlocked(answer) && answer.length === 0
    // Before the rule's own reasons: the operator who stopped it knows why, and can start it.
    if (!idle && kept.length > 0 && WITH_ALL.has(rule))
      return { kind: 'blocked', reasons: [keptReason(kept)] }
    if (isBlocked(answer)) return { kind: 'blocked', reasons: answer.blocked }
    if (!idle) return { kind: 'steps', steps: answer }
    if (rule === prepare && intent.until === 'requests') return { kind: 'done' }
  }
  return apart.length === 0 ? { kind: 'done' } : { kind: 'blocked', reasons: apart }
}

/** Drops all steps on nodes that quorate doesn't change. */
function without(apart: readonly BlockReason[], answer: RuleAnswer): RuleAnswer {
  if (apart.length === 0 || isBlocked(answer)) return answer
  return answer.filter(({ host }) => host !== undefined && !apart.some((reason) => reason.host === host))
}

/** Everything that needs no other host, in one round trip each. */
const prepare: Rule = ({ intent, observed, situation, roster }) => {
  const { cluster, until, beside = [] } = intent
  const services = Object.groupBy(
    beside.flatMap((tier) => firstSteps(tier, intent, observed)).filter(isHostStep),
    ({ host }) => host,
  )
  const members = new Set(etcdNodes(cluster).map((node) => node.name))
  // In an established cluster, the cluster ID file is one of a member's files. It is not written before `settle` has verified.
  const steps = cluster.nodes.flatMap((node): HostStep[] => {
    const host = observed.hosts[node.name]
    if (host === undefined) throw new TypeError(`${node.name} was not observed`)
    const files = () => wantedFiles(intent, node, situation, roster, host.member)
    return [
      ...packageSteps(cluster, host, packagesFor(cluster, node, beside)),
      ...(members.has(node.name) && host.member !== undefined
        ? [
            ...foreignFileSteps(intent, node.name, host.member),
            ...memberSteps(cluster, node, observed, files()),
          ]
        : []),
      ...(services[node.name] ?? []),
    ]
  })
  const what = 'create a certificate authority'
  const authority: Step[] =
    observed.authority.bundle === undefined && until === 'done'
      ? [{ kind: 'authority', what, why: 'the cluster has none yet', danger: 'none' }]
      : []
  return [...authority, ...steps]
}

/** Certificates for all waiting requests; and the starts of stopped members right after, unless one would reject another. */
const certify: Rule = (scene) => {
  const { observed } = scene
  const { cluster } = scene.intent
  const names = certificateNames(cluster)
  const certificates = etcdNodes(cluster).flatMap((node): HostStep[] => {
    const faults = names.flatMap((name) => faultsOf(observed, node.name, name))
    if (faults.length === 0) return caSteps(observed, node.name)
    return [issueStep(node.name, names, faults)]
  })
  if (certificates.length === 0) return []
  // All members start in the same stage: the first is ready only when a quorum of them runs.
  const starts = startSteps(scene)
  const starting = starts.map(({ host }) => host)
  // Nodes don't wait for each other in a stage: then the members start in the next one.
  return wouldReject(cluster, observed, starting) ? certificates : [...certificates, ...starts]
}

/** The trust bundle, if the certificates are valid. Running members read it at their next start. */
function caSteps(observed: Observed, host: string): HostStep[] {
  const { bundle } = observed.authority
  const tls = observed.hosts[host]?.member?.tls
  if (bundle === undefined || tls === undefined || Object.keys(tls.certificates).length === 0) return []
  if (tls.ca === bundle && tls.mark === trustMarkFile(bundle)) return []
  return [
    {
      kind: 'ca',
      host,
      what: 'write /etc/ssl/etcd/ca.crt',
      why: 'differs from the CAs that members should trust',
      danger: 'none',
      creates: tls.ca === undefined,
    },
  ]
}

/** Members that should run but don't: started together. */
const form: Rule = (scene) => startSteps(scene)

/** An unhealthy cluster gets only steps that make it healthy. */
const settleDown: Rule = ({ observed }) => {
  const behind = Object.entries(observed.cluster?.lag ?? {}).filter(([, lag]) => lag > CAUGHT_UP)
  const problems = [
    ...(observed.cluster?.problems ?? ['no member answers']),
    ...behind.map(([name, lag]) => `${name} is ${counted(lag, 'entry', 'entries')} behind`),
  ]
  if (problems.length === 0) return []
  return [
    {
      kind: 'await-health',
      what: 'wait until every member is healthy',
      why: problems.join('; '),
      danger: 'none',
    },
  ]
}

/**
 * Some restarts make every member trust the signing CA, or accept a certificate without the members' name from a CA
 * that may not sign it. They come before members whose certificate would be that CA's first.
 */
const spreadTrust: Rule = (scene) => {
  const { cluster } = scene.intent
  return isNewCaUnknown(cluster, scene.looked) || isStuck(cluster, scene.looked) ? roll(scene) : []
}

/** What needs a healthy cluster: its verification, the cluster ID files, data of other tiers in etcd. */
const settle: Rule = ({ intent, observed, situation }) => {
  const { cluster } = intent
  const facts = observed.cluster
  if (facts === undefined) return []
  const kept = GUESTS.flatMap((guest) => guest.steps(cluster, observed))
  if (situation.kind !== 'established') {
    if (!facts.verified) {
      const what = 'verify the cluster: read a write back from every member, compare all keyspaces'
      return [{ kind: 'verify', what, why: 'it was just formed', danger: 'none' }]
    }
    const { token } = situation
    const established = { kind: 'established', token, clusterId: facts.id, settled: true } as const
    const pins = etcdNodes(cluster).flatMap((node) =>
      memberSteps(cluster, node, observed, memberFiles(cluster, node, established, undefined)),
    )
    return [...kept, ...pins]
  }
  return kept
}

/** Tiers whose dependencies are settled: etcd is, because nothing is left to do for it. */
const standOn: Rule = ({ intent, observed }) => {
  const { cluster, beside = [] } = intent
  const settled = beside.filter((tier) => tier.settled(cluster, observed.hosts, observed.beside?.[tier.name]))
  const ready = new Set([ETCD, ...settled.map(({ name }) => name)])
  return beside
    .filter(({ after }) => after.length > 0 && after.every((name) => ready.has(name)))
    .flatMap((tier) => tierSteps(tier, intent, observed))
}

/** A tier's steps that wait for no other node. */
function firstSteps(tier: Tier, intent: ApplyIntent, observed: Observed): readonly Step[] {
  if (tier.after.length === 0) return tierSteps(tier, intent, observed)
  const { cluster, stamp } = intent
  return (tier.early?.(cluster, observed.hosts, stamp, observed.beside?.[tier.name]) ?? []) as readonly Step[]
}

/** Only registered kinds: the list of tiers ensures it (`tiers/tiers.ts`). */
function tierSteps(
  tier: Tier,
  { cluster, stamp }: ApplyIntent,
  { hosts, beside }: Observed,
): readonly Step[] {
  return tier.steps(cluster, hosts, stamp, beside?.[tier.name]) as readonly Step[]
}

const RULES: readonly Rule[] = [
  prepare,
  relocate,
  certify,
  heal,
  form,
  arrive,
  depart,
  settleDown,
  spreadTrust,
  join,
  leave,
  canary,
  roll,
  ascend,
  settle,
  standOn,
]

/** The steps while another supervisor runs other members: prepares and starts the stopped members that quorate runs. */
const TAKE_OVER: readonly Rule[] = [prepare, certify, form]

/** Steps that take a member down or change the member list need all others up: none while an operator keeps one down. */
const WITH_ALL: ReadonlySet<Rule> = new Set([spreadTrust, join, leave, canary, roll])
