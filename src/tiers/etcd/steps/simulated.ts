/**
 * The real effects of steps on the simulation's nodes and cluster. The simulation has its own models (`test/sim/`),
 * which know the true state and not only what was observed. So each step defines its real effect separately from its
 * prediction.
 */
import type { ServicesState } from '../../../host/services.ts'
import type { Ownership, RestoreState } from '../../../host/state.ts'

/** A part of a step's work. Between two parts, quorate may be killed. */
export type Piece = () => void

/** Identifies the restore, without its progress. */
type WhichRestore = Omit<RestoreState, 'reached' | 'moved'>

/** @throws from every method if the node would fail, or if it does what no step may do */
export interface SimulatedMachine {
  /** The services of other tiers. */
  services: ServicesState
  installPackage(name: string): void
  makeUser(shell: string): void
  /** Root may work in the parent directory only if no other user can write to it. */
  requireClosedAbove(path: string): void
  /** Owned by root; does nothing if it exists. */
  makeDirectory(path: string): void
  chown(path: string, owner: string, group: string): void
  chmod(path: string, mode: string): void
  installBinary(name: string, version: string): void
  writeFile(path: string, content: string, ownership: Ownership): void
  dropRequest(name: string): void
  makeKey(name: string, configuration: string): void
  /** Signs the waiting requests, if they are those that were read when the step was planned. */
  issue(names: readonly string[]): void
  dropRequests(): void
  trustCa(): void
  setTlsModes(): void
  reload(): void
  enable(): void
  disable(): void
  start(): void
  stop(): void
  /** A stop as part of a restart, which must not affect clients. */
  stopToRestart(): void
  /** Gives the directory above the WAL to etcd, as long as there is no WAL. */
  openGround(): void
  /** After the member is ready. */
  closeGround(): void
  moveAside(path: string): void
  /** Deletes data and WAL. */
  wipe(): void
  /** Removes what a restore has created next to the data, and its marker. */
  dropRestored(): void
  makeRestored(restore: WhichRestore, peerUrl: string): void
  noteRestored(restore: WhichRestore, reached: RestoreState['reached']): void
  /** The ID file of the cluster that isn't verified yet. */
  pinRestored(content: string): void
  noteFormer(id: string | undefined): void
  /** Renames the current data; only while nothing runs. */
  makeWay(part: 'data' | 'wal'): void
  /** Puts the restored data in its place. */
  exchange(part: 'data' | 'wal'): void
  /** Other commands refuse until `letIn`. */
  keepAway(command: string, all: Readonly<Record<string, string>>): void
  letIn(): void
  /** A phase of kubeadm that stores something in Kubernetes' API. */
  carryOut(phase: string): void
}

/** A node, as far as only `recover` changes it. @throws like `SimulatedMachine` */
export interface SimulatedRecovery extends Pick<
  SimulatedMachine,
  'reload' | 'enable' | 'disable' | 'start' | 'stop'
> {
  /** Other commands refuse until `unmark`; the marker records the progress. Without a milestone: the run's progress. */
  mark(reached?: 'copied' | 'placing' | 'placed' | 'serving'): void
  unmark(): void
  /** Stops the clients of etcd on the node, until `resumeClients`. */
  haltClients(): void
  resumeClients(): void
  /** Removes what was created next to the data. */
  dropCopies(): void
  /** Copies the data next to the original, up to the end of its WAL; only while nothing runs. */
  copyData(): void
  /** Makes the new cluster from the copy, which is used up. */
  makeCluster(): void
  noteFormer(): void
  /** Renames the current data, unless it was swapped already; only while nothing runs. */
  makeWay(part: 'data' | 'wal'): void
  exchange(part: 'data' | 'wal'): void
  /** Writes a file for the only member of the new cluster. */
  writeAlone(path: string): void
  /** The member serves the new cluster. */
  requireMade(): void
  moveAside(part: 'data' | 'wal' | 'pin'): void
  /** Nothing may run on it if anything has to be put back. */
  restIfMoved(): void
  /** Puts back what was renamed or replaced, if it was; renames what has replaced it since. Only while nothing runs. */
  putBack(part: 'data' | 'wal' | 'pin'): void
  /** Records on the surviving member's node that its old data is in place: nothing is left to be put in its place. */
  markPutBack(): void
}

/** @throws from every method if etcd would refuse */
export interface SimulatedCluster {
  makeAuthority(): void
  requireHealthy(): void
  verify(): void
  /** These members work correctly. */
  watch(nodes: readonly string[]): void
  /** Compares the contents of the members that were healthy when the step was planned. */
  compare(): void
  enableDowngrade(target: string): void
  requireConverted(target: string): void
  cancelDowngrade(): void
  moveLeadership(from: string, to: string | undefined): void
  /** @param members IDs of the expected members */
  addMember(node: string, peerUrl: string, learner: boolean, members: readonly string[]): void
  promoteMember(id: string): void
  removeMember(id: string): void
  updateMember(id: string, peerUrl: string): void
  storeNetwork(text: string): void
  readonly kubernetes: SimulatedKubernetes
}

/** @throws from every method if its API servers would refuse, or if what it waits for doesn't happen */
export interface SimulatedKubernetes {
  makeAuthorities(): void
  /** By name: `ConfigMap kube-system/quorate`. */
  put(name: string, object: unknown): void
  setNodes(names: readonly string[]): void
  /**
   * Waits until these API servers are ready (`api`), all nodes have registered as well (`joined`), or are ready
   * (`nodes`).
   */
  await(milestone: 'api' | 'joined' | 'nodes', servers: readonly string[]): void
  /** Pods reach each other, through the balancer. */
  prove(): void
}
