/**
 * A client of the cluster that is independent of quorate: it connects to every member from this host without SSH,
 * so it sees what the cluster's users see while the operator is disconnected.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MemberClient, connectMember } from '../../../src/etcd/client.ts'
import { type ClusterView, type ReachableMember, readClusterView } from '../../../src/etcd/view.ts'
import { type Recorder, startRecorder } from '../../../src/recorder/recorder.ts'
import type { TestLab } from '../harness.ts'
import { operatorFiles } from './tools.ts'

const ANSWER_MS = 1_000
const PATIENCE_MS = 120_000
/**
 * On a busy computer, two members of three may need longer to return than a client waits: a write that fails then
 * counts as lost.
 */
export const OPERATION_MS = 60_000

export interface EtcdClient extends Disposable {
  /** Starts to write, read and watch. */
  record(): Promise<Recorder>
  view(): Promise<ClusterView>
  /**
   * Names of the voting members, the leader's first. Waits until there is a leader, and all of them answer and have
   * caught up.
   */
  healthyVoters(count: number): Promise<readonly [leader: string, ...followers: string[]]>
}

/** What must always hold, whatever happened to the members. */
export const INTACT = {
  lostWrites: 0,
  revisionsBackwards: 0,
  watch: { missing: 0, duplicates: 0, unchecked: 0 },
  reads: { stale: 0 },
  verified: true,
}

/** Keeps dialing machines without a member until they have one. */
export async function openEtcdClient(lab: TestLab): Promise<EtcdClient> {
  const [ca, cert, key] = await Promise.all(operatorFiles(lab).map((file) => readFile(file, 'utf8')))
  const tls = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
  const clients = lab.machines.map(({ name, address }): MemberClient =>
    connectMember({ name, target: { address, port: 2379 }, identity: address, tls, timeoutMs: ANSWER_MS }),
  )
  const view = async () => await readClusterView(clients)
  return {
    record: async () => await startRecorder({ clients: () => clients, operationMs: OPERATION_MS }),
    view,
    healthyVoters: async (count) => {
      const deadline = performance.now() + PATIENCE_MS
      for (;;) {
        const seen = await view()
        const voters = votersOf(seen)
        const leader = voters.find(({ memberId, leaderId }) => memberId === leaderId)
        if (voters.length === count && leader !== undefined) {
          const rest = voters.filter((voter) => voter !== leader)
          return [leader.name, ...rest.map(({ name }) => name)]
        }
        if (performance.now() > deadline) throw new Error(`no ${count} healthy voters: ${describe(seen)}`)
        await sleep(200)
      }
    },
    [Symbol.dispose]: () => clients.forEach((client) => client.close()),
  }
}

function votersOf({ members }: ClusterView): readonly ReachableMember[] {
  return members.filter((member) => member.reachable).filter(({ learner, read }) => !learner && read.answered)
}

function describe({ members }: ClusterView): string {
  return members
    .map((member) =>
      member.reachable
        ? `${member.name} follows ${member.leaderId}, ${member.read.answered ? 'serves' : member.read.reason.message}`
        : `${member.name}: ${member.reason.message}`,
    )
    .join('; ')
}
