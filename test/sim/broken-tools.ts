/** What deliberately faulty planners see and do differently. */
import type { MemberState } from '../../src/host/state.ts'
import { PATHS } from '../../src/host/state.ts'
import type { ClusterFacts, Observed } from '../../src/tiers/etcd/facts/observed.ts'
import { UNKNOWN_YET } from '../../src/tiers/etcd/facts/unknown.ts'
import { type HostStep, type Next, type Step, isHostStep } from '../../src/tiers/etcd/steps/steps.ts'
import type { RemoveStep } from '../../src/tiers/etcd/steps/aside.ts'
import type { Planner } from './operator.ts'
import type { Invariant } from './violation.ts'

export interface BrokenPlanner {
  readonly what: string
  readonly planner: Planner
  readonly breaks: Invariant
  /** Only an interrupted first apply reveals it; undefined: many situations do. */
  readonly atFirst?: true
}

export function withMembers(
  observed: Observed,
  change: (member: MemberState) => Partial<MemberState>,
): Observed {
  const hosts = Object.entries(observed.hosts).map(([name, host]) => {
    const { member } = host
    return [
      name,
      member === undefined ? host : { ...host, member: { ...member, ...change(member) } },
    ] as const
  })
  return { ...observed, hosts: Object.fromEntries(hosts) }
}

/** Not an observation, but a state that a plan predicts. */
export function isForeseen({ hosts }: Observed): boolean {
  const certificates = Object.values(hosts).flatMap(({ member }) =>
    Object.values(member?.tls.certificates ?? {}),
  )
  return certificates.some(({ pem }) => pem === UNKNOWN_YET)
}

export function withoutNameFaults(own: NonNullable<Observed['certificates'][string]>): typeof own {
  return Object.fromEntries(
    Object.entries(own).map(([name, faults]) => [name, faults.filter(({ code }) => code !== 'member-name')]),
  )
}

export function mapSteps(answer: Next, change: (steps: readonly Step[]) => readonly Step[]): Next {
  return answer.kind === 'steps' ? { kind: 'steps', steps: change(answer.steps) } : answer
}

export function isPin(step: Step): boolean {
  return isHostStep(step) && step.kind === 'file' && step.path === PATHS.clusterId
}

export function running(observed: Observed): string[] {
  return Object.keys(observed.hosts).filter((host) => observed.hosts[host]?.member?.unit.active === 'active')
}

export function withFacts(observed: Observed, change: Partial<ClusterFacts>): Observed {
  return { ...observed, cluster: observed.cluster && { ...observed.cluster, ...change } }
}

export function restart(host: string): HostStep {
  return { kind: 'restart', host, what: 'restart', why: 'broken', danger: 'restart' }
}

export function stop(host: string): HostStep {
  const unit = 'etcd.service'
  return { kind: 'stop', host, unit, what: 'stop', why: 'broken', danger: 'restart' }
}

/** Not a step of `apply`: the types would not let its planner request it. */
export function removeData(host: string): Step {
  const step: RemoveStep = {
    kind: 'remove',
    host,
    paths: ['/opt/etcd/data', '/opt/etcd/wal'],
    what: 'remove its data',
    why: 'broken',
    danger: 'none',
  }
  return step as unknown as Step
}
