/** The properties of a kind of etcd's steps, all in the file of its family. */
import type { Artifact } from '../../../artifacts/artifact.ts'
import type { StepKind } from '../../../engine/step-registry.ts'
import type { EngineStep, HostStepCommon, StepCommon } from '../../../engine/step.ts'
import type { Operation } from '../../../host/operations.ts'
import type { Contents } from '../../../host/parcel.ts'
import type { HostState, MemberState } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import type { Session } from '../session.ts'
import type { Piece, SimulatedCluster, SimulatedMachine } from './simulated.ts'

/** A kind of steps on one node. */
export interface HostKind<S extends HostStepCommon> extends StepKind<S & EngineStep> {
  readonly predict: Predict<S>
  /** As the agent's operations. */
  operations(step: S, supplies: Supplies): readonly Operation[]
  /** Its real effect on a node of the simulation, divided into pieces between which quorate can be killed. */
  simulate(machine: SimulatedMachine, step: S): readonly Piece[]
}

/** A kind of steps of the cluster as a whole: on the workstation, or through etcd. */
export interface ClusterKind<S extends StepCommon> extends StepKind<S & EngineStep> {
  readonly predict: Predict<S>
  /** @param observed the cluster as it was observed when the step was planned */
  perform(session: Session, observed: Observed, step: S): Promise<void>
  /** Its real effect on the simulation's cluster, with etcd's own refusals. */
  simulate(cluster: SimulatedCluster, step: S): void
}

/** The expected state afterwards, which is used to print a plan in advance. */
export type Predict<S> = (cluster: Cluster, before: Observed, step: S) => Observed

/** One entry for each kind of `S`: a kind without one does not compile. */
export type HostKinds<S extends HostStepCommon & { readonly kind: string }> = {
  readonly [K in S['kind']]: HostKind<Extract<S, { readonly kind: K }>>
}

/** As `HostKinds`. */
export type ClusterKinds<S extends EngineStep> = {
  readonly [K in S['kind']]: ClusterKind<Extract<S, { readonly kind: K }>>
}

/** What a host's steps need from the workstation. */
export interface Supplies {
  /** The binaries for the host's architecture, if one of its steps installs them. */
  readonly artifact: Artifact | undefined
  /** PEM by certificate name, if one of its steps activates certificates. */
  readonly certificates: Readonly<Record<string, string>>
  /** PEM of the trust bundle. */
  readonly bundle: string | undefined
  /** The contents that a step of another tier gets from that tier. */
  readonly contents?: ((step: EngineStep) => Contents | undefined) | undefined
  /** The time in a marker on the node, if one of its steps leaves one. */
  readonly now?: Date | undefined
}

/** @throws TypeError if it is missing: the supplies were obtained for other steps */
export function needed<T>(supply: T | undefined, { what, host }: HostStepCommon): T {
  if (supply === undefined) throw new TypeError(`nothing was supplied for '${what}' on ${host}`)
  return supply
}

/** A prediction that changes the step's host. */
export function ofHost<S extends HostStepCommon>(
  change: (host: HostState, step: S, before: Observed) => Partial<HostState>,
): Predict<S> {
  return (_cluster, before, step) => {
    const host = before.hosts[step.host]
    if (host === undefined) throw new TypeError(`${step.host} was not observed`)
    const after = { ...host, ...change(host, step, before) }
    return { ...before, hosts: { ...before.hosts, [step.host]: after } }
  }
}

/** A prediction that changes the member on the step's host. */
export function ofMember<S extends HostStepCommon>(
  change: (member: MemberState, step: S, before: Observed) => Partial<MemberState>,
): Predict<S> {
  return ofHost(({ name, member }, step, before) => {
    if (member === undefined) throw new TypeError(`${name} carries no etcd`)
    return { member: { ...member, ...change(member, step, before) } }
  })
}

/** A prediction that changes the members' facts; without an answering member, it changes nothing. */
export function ofCluster<S>(change: (facts: ClusterFacts, step: S) => ClusterFacts): Predict<S> {
  return (_cluster, before, step) =>
    before.cluster === undefined ? before : { ...before, cluster: change(before.cluster, step) }
}
