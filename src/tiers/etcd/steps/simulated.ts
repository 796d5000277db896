/**
 * What steps do to the simulation's machines and cluster. These are models of its own (`test/sim/`), which know what is true
 * and not only what was seen; a step names here what it really does to them, beside what it is predicted to do.
 */
import type { ServicesState } from '../../../host/services.ts'
import type { Ownership, RestoreState } from '../../../host/state.ts'

/** A part of a step's work. Between two parts the tool may die. */
export type Piece = () => void

/** Which one it is, and not how far. */
type WhichRestore = Omit<RestoreState, 'reached' | 'moved'>

/** @throws of every method where the machine would fail, or where it does what no step may do */
export interface SimulatedMachine {
  /** Of tiers beside etcd. */
  services: ServicesState
  installPackage(name: string): void
  makeUser(shell: string): void
  /** Root works in the folder above only if nobody else can write to it. */
  requireClosedAbove(path: string): void
  /** root's alone, unless it is there. */
  makeDirectory(path: string): void
  chown(path: string, owner: string, group: string): void
  chmod(path: string, mode: string): void
  installBinary(name: string, version: string): void
  writeFile(path: string, content: string, ownership: Ownership): void
  dropRequest(name: string): void
  makeKey(name: string, configuration: string): void
  /** Signs the requests that wait there, if they are those that were read when the step was decided on. */
  issue(names: readonly string[]): void
  dropRequests(): void
  trustCa(): void
  setTlsModes(): void
  reload(): void
  enable(): void
  disable(): void
  start(): void
  stop(): void
  /** A stop that may cost nobody anything: another follows. */
  stopToRestart(): void
  /** The folder above the log, to etcd; for as long as there is no log. */
  openGround(): void
  /** Once the member is ready. */
  closeGround(): void
  moveAside(path: string): void
  /** Data and log, for good. */
  wipe(): void
  /** What a restore has made beside the data goes, with its mark. */
  dropRestored(): void
  makeRestored(restore: WhichRestore, peerUrl: string): void
  noteRestored(restore: WhichRestore, reached: RestoreState['reached']): void
  /** Of the cluster that is not verified yet. */
  pinRestored(content: string): void
  noteFormer(id: string | undefined): void
  /** What lies there, aside; only while nothing runs. */
  makeWay(part: 'data' | 'wal'): void
  /** What was restored, into its place. */
  exchange(part: 'data' | 'wal'): void
  /** Other verbs stay away, until `letIn`. */
  keepAway(command: string, all: Readonly<Record<string, string>>): void
  letIn(): void
  /** A phase of kubeadm that stores something in Kubernetes' API. */
  carryOut(phase: string): void
}

/** A machine as only `recover` changes it. @throws as `SimulatedMachine` */
export interface SimulatedRecovery extends Pick<
  SimulatedMachine,
  'reload' | 'enable' | 'disable' | 'start' | 'stop'
> {
  /** Other verbs stay away, until `unmark`; how far it is stands there. Without a milestone: as far as the run is. */
  mark(reached?: 'copied' | 'placing' | 'placed' | 'serving'): void
  unmark(): void
  /** What uses etcd there, until `resumeClients`. */
  haltClients(): void
  resumeClients(): void
  /** What was made beside the data. */
  dropCopies(): void
  /** Beside it, only while nothing runs, up to the end of its log. */
  copyData(): void
  /** Of the copy, which goes. */
  makeCluster(): void
  noteFormer(): void
  /** What lies there, aside, unless it was exchanged already; only while nothing runs. */
  makeWay(part: 'data' | 'wal'): void
  exchange(part: 'data' | 'wal'): void
  /** A file that the only member of the new cluster has. */
  writeAlone(path: string): void
  /** It serves what was made. */
  requireMade(): void
  moveAside(part: 'data' | 'wal' | 'pin'): void
  /** Nothing runs there, if anything is to be put back. */
  restIfMoved(): void
  /** What was moved aside or replaced, if it was; what has come in its place since, aside. Only while nothing runs. */
  putBack(part: 'data' | 'wal' | 'pin'): void
}

/** @throws of every method where etcd would refuse */
export interface SimulatedCluster {
  makeAuthority(): void
  requireHealthy(): void
  verify(): void
  /** These members do their work. */
  watch(nodes: readonly string[]): void
  /** Those that were healthy when the step was decided on say what they hold. */
  compare(): void
  enableDowngrade(target: string): void
  requireConverted(target: string): void
  cancelDowngrade(): void
  moveLeadership(from: string, to: string | undefined): void
  /** @param members IDs of those that there should be beforehand */
  addMember(node: string, peerUrl: string, learner: boolean, members: readonly string[]): void
  promoteMember(id: string): void
  removeMember(id: string): void
  updateMember(id: string, peerUrl: string): void
  storeNetwork(text: string): void
  readonly kubernetes: SimulatedKubernetes
}

/** @throws of every method where its API servers would refuse, or what is waited for does not come */
export interface SimulatedKubernetes {
  makeAuthorities(): void
  /** By what it is called: `ConfigMap kube-system/quorate`. */
  put(name: string, object: unknown): void
  setNodes(names: readonly string[]): void
  /** Until these API servers are ready (`api`), all nodes have registered as well (`joined`), or are ready (`nodes`). */
  await(milestone: 'api' | 'joined' | 'nodes', servers: readonly string[]): void
  /** Pods talk with each other, through the balancer. */
  prove(): void
}
