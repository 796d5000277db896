/** Proves that an upgrade is complete: what actually runs on every node, and the resulting version of the cluster. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { minorOf } from '../../etcd/versions.ts'
import { verifyCluster } from '../../etcd/verify.ts'
import { readClusterView } from '../../etcd/view.ts'
import { awaitDowngradeEnd } from '../../tiers/etcd/perform/downgrade.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import program from './running-binary.sh?raw'
import type { UpgradeSupplies } from './supplies.ts'
import { clusterVersions } from './observe.ts'
import { type Looked, until } from '../../wait/until.ts'

/** A leader checks its members' versions every 4 s or 5 s, and then changes the cluster version. */
const RAISE_MS = 30_000
const PAUSE_MS = 250

export interface ProvenMember {
  readonly name: string
  /** As its process reports it. */
  readonly version: string
  /** Hex, of the executable of its process. */
  readonly sha256: string
}

/**
 * @param architectureOf returns a node's architecture
 * @throws QuorateError `unhealthy` if a process is not the new binary, a member reports another version, a write can't
 *   be read back through every member, or contents differ
 */
export async function proveUpgrade(
  session: Session,
  { artifacts }: Pick<UpgradeSupplies, 'artifacts'>,
  architectureOf: (host: string) => 'amd64' | 'arm64' | 'other',
): Promise<readonly ProvenMember[]> {
  const { cluster, signal } = session
  const { version } = cluster.etcd
  const nodes = etcdNodes(cluster)
  const clients = await session.members(nodes)
  const [view, { results, errors }] = await Promise.all([
    readClusterView(clients, signal),
    onAll(nodes, async (node) => {
      const remote = await session.remote(node)
      const argv = ['sh', '-c', program, 'quorate-running']
      return (await remote.run({ argv, root: true, signal })).stdout.trim()
    }),
  ])
  if (errors.length > 0) throw combineErrors(errors)
  const proven = nodes.map(({ name }, index): ProvenMember => {
    const member = view.members[index]
    const said = member?.reachable === true ? member.version : 'nothing'
    const sha256 = results.find(({ host }) => host === name)?.value ?? ''
    const etcd = artifacts.get(architectureOf(name))?.files.find((file) => file.name === 'etcd')
    if (said !== version || (etcd !== undefined && etcd.sha256 !== sha256)) {
      const what =
        said === version
          ? `the process runs another program (SHA-256 ${sha256})`
          : `the member reports ${said}`
      throw new QuorateError('unhealthy', `etcd ${version} does not run: ${what}`, {
        host: name,
        hint: 'check how it was started: systemctl status etcd',
      })
    }
    return { name, version: said, sha256 }
  })
  await verifyCluster(clients, signal)
  return proven
}

/**
 * Waits until the cluster version has the wanted minor, newer or older, and no downgrade is enabled. Only then may
 * another change of version start.
 *
 * @throws QuorateError `unhealthy` if that takes longer than half a minute.
 */
export async function awaitClusterVersion(session: Session): Promise<string> {
  const { cluster, signal } = session
  const nodes = etcdNodes(cluster)
  const minor = minorOf(cluster.etcd.version)
  const look = async (): Promise<Looked<void, string>> => {
    const said = await clusterVersions(session, nodes)
    const others = said.filter((version) => version !== minor)
    return said.length > 0 && others.length === 0
      ? { found: undefined }
      : { missing: others[0] ?? 'no version' }
  }
  await until(look, {
    ms: RAISE_MS,
    patienceFactor: session.patienceFactor,
    everyMs: PAUSE_MS,
    signal,
    late: (now, waitedMs) => {
      throw new QuorateError(
        'unhealthy',
        `every member runs etcd ${cluster.etcd.version}, but the cluster version is still ${now} after ${waitedMs / 1000} s`,
        { hint: "read the leader's journal: quorate run etcd -- journalctl -u etcd -n 50" },
      )
    },
  })
  await awaitDowngradeEnd(await session.members(nodes), minor, signal)
  return minor
}
