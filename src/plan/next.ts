/**
 * The planner: what is the next safe thing to do? A pure function of what is wanted and what was observed.
 *
 * A crash, a lost reply or a second run needs no case of its own here: look again, and ask again.
 */
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { certificateNames, faultsOf, issueStep } from './certificates.ts'
import type { ApplyIntent } from './intent.ts'
import { networkSteps } from './network.ts'
import type { Observed } from './observed.ts'
import { type OpenSituation, enableStep, memberSteps, packageSteps } from './prepare.ts'
import { refusals } from './refusals.ts'
import { judgeSituation } from './situation.ts'
import type { HostStep, Next, Step } from './steps.ts'

export function next(intent: ApplyIntent, observed: Observed): Next {
  const { cluster } = intent
  const situation = judgeSituation(cluster, observed, intent.freshToken)
  if (situation.kind === 'blocked') return situation
  const reasons = refusals(cluster, observed, situation)
  if (reasons.length > 0) return { kind: 'blocked', reasons }

  for (const stage of [prepare, certify, form, settle]) {
    const steps = stage(intent, observed, situation)
    if (steps.length > 0) return { kind: 'steps', steps }
    if (stage === prepare && intent.until === 'requests') break
  }
  return { kind: 'done' }
}

type Stage = (intent: ApplyIntent, observed: Observed, situation: OpenSituation) => readonly Step[]

/** Everything that needs no other host: in one round trip each. */
const prepare: Stage = ({ cluster, until }, observed, situation) => {
  const members = new Set(etcdNodes(cluster).map((node) => node.name))
  // The pin is part of a member's files in an established cluster, and nothing pins before `settle` has verified.
  const steps = cluster.nodes.flatMap((node): HostStep[] => {
    const host = observed.hosts[node.name]
    if (host === undefined) throw new TypeError(`${node.name} was not observed`)
    return [
      ...packageSteps(cluster, host),
      ...(members.has(node.name) ? memberSteps(cluster, node, observed, situation) : []),
    ]
  })
  const what = 'make a certificate authority'
  const authority: Step[] =
    observed.authority.bundle === undefined && until === 'done'
      ? [{ kind: 'authority', what, why: 'there is none yet', danger: 'none' }]
      : []
  return [...authority, ...steps]
}

/** Certificates for all waiting requests; and on hosts whose member does not run, its start right behind. */
const certify: Stage = ({ cluster }, observed) => {
  const names = certificateNames(cluster)
  const certificates = etcdNodes(cluster).flatMap((node): HostStep[] => {
    const faults = names.flatMap((name) => faultsOf(observed, node.name, name))
    if (faults.length === 0) return caSteps(observed, node.name)
    return [issueStep(node.name, names, faults)]
  })
  // All members start in the same wave: the first to start is ready only when a quorum of them is there.
  return certificates.length > 0 ? [...certificates, ...startSteps(cluster, observed)] : []
}

/** The trust bundle was changed by hand beside certificates that are fine: put back. */
function caSteps(observed: Observed, host: string): HostStep[] {
  const { bundle } = observed.authority
  const present = observed.hosts[host]?.member?.tls.ca
  if (bundle === undefined || present === bundle) return []
  return [
    {
      kind: 'ca',
      host,
      what: 'write /etc/ssl/etcd/ca.crt',
      why: 'differs from the CA that the certificates are from',
      danger: 'none',
    },
  ]
}

/** Members started, together, and waited for. */
const form: Stage = ({ cluster }, observed) => {
  const starts = startSteps(cluster, observed)
  if (starts.length > 0) return starts
  const problems = observed.cluster?.problems ?? ['no member answers']
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

/** What needs a healthy cluster: its proof, its mark on every member, flannel's network. */
const settle: Stage = ({ cluster }, observed, situation) => {
  const facts = observed.cluster
  if (facts === undefined) return []
  if (situation.kind !== 'established') {
    if (!facts.verified) {
      const what = 'verify the cluster: a write read back from every member, equal contents'
      return [{ kind: 'verify', what, why: 'it was just formed', danger: 'none' }]
    }
    const established = { kind: 'established', token: situation.token, clusterId: facts.id } as const
    const pins = etcdNodes(cluster).flatMap((node) => memberSteps(cluster, node, observed, established))
    return [...networkSteps(cluster, observed), ...pins]
  }
  return networkSteps(cluster, observed)
}

/** On each host: started, enabled while it gets ready, waited for. */
function startSteps(cluster: Cluster, observed: Observed): HostStep[] {
  const unit = (node: Node) => observed.hosts[node.name]?.member?.unit
  return etcdNodes(cluster)
    .filter((node) => unit(node)?.active !== 'active')
    .flatMap((node, turn): HostStep[] => {
      const host = node.name
      const why = `it is ${unit(node)?.active ?? 'unknown'}`
      return [
        { kind: 'start', host, turn, what: 'start etcd.service', why, danger: 'none' },
        ...(unit(node)?.enabled === true ? [] : [enableStep(host)]),
        {
          kind: 'ready',
          host,
          what: 'wait until etcd.service is ready',
          why: 'a quorum has to form',
          danger: 'none',
        },
      ]
    })
}
