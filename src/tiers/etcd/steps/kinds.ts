/** Every kind of step of etcd and of the other tiers: one line for each family. */
import { type StepKinds, stepRegistry } from '../../../engine/step-registry.ts'
import { GUEST_HOST_KINDS, GUEST_KINDS } from '../guests.ts'
import { ASIDE, type RemoveStep } from './aside.ts'
import { AUTHORITY, CERTIFICATES } from './certificates.ts'
import { DOWNGRADE } from './downgrade.ts'
import { FILE } from './file.ts'
import { HEALTH } from './health.ts'
import type { ClusterKind, ClusterKinds, HostKind, HostKinds } from './kind.ts'
import { LEADERSHIP } from './leadership.ts'
import { MACHINE } from './machine.ts'
import { MEMBERSHIP } from './membership.ts'
import { POWER, type PowerStep } from './power.ts'
import { RECOVERY } from './recovery.ts'
import { RESTORE } from './restore.ts'
import { SERVICE } from './services.ts'
import { SPACE } from './space.ts'
import type { AnyStep, ClusterStep, HostStep } from './steps.ts'
import { UNIT } from './unit.ts'

type OnMachine = HostStep | RemoveStep | PowerStep

const ON_MACHINES: HostKinds<OnMachine> = {
  ...MACHINE,
  ...FILE,
  ...CERTIFICATES,
  ...UNIT,
  ...ASIDE,
  ...RESTORE,
  ...POWER,
  ...SERVICE,
  ...GUEST_HOST_KINDS,
}

const OF_THE_CLUSTER: ClusterKinds<ClusterStep> = {
  ...AUTHORITY,
  ...HEALTH,
  ...LEADERSHIP,
  ...MEMBERSHIP,
  ...DOWNGRADE,
  ...GUEST_KINDS,
}

/**
 * The kinds of commands other than apply. They predict their own facts: the state of members, and the progress of a
 * recovery.
 */
const OF_VERBS: StepKinds<Exclude<AnyStep, OnMachine | ClusterStep>> = { ...SPACE, ...RECOVERY }

export const ETCD_STEPS = stepRegistry<AnyStep>({ ...ON_MACHINES, ...OF_THE_CLUSTER, ...OF_VERBS })
export const { idOf: stepId, actionOf } = ETCD_STEPS

/** The kind of a step on a node. */
export function hostKind<S extends OnMachine>({ kind }: S): HostKind<S> {
  return ON_MACHINES[kind] as unknown as HostKind<S>
}

/** The kind of a step of the cluster as a whole. */
export function clusterKind<S extends ClusterStep>({ kind }: S): ClusterKind<S> {
  return OF_THE_CLUSTER[kind] as unknown as ClusterKind<S>
}
