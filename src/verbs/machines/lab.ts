/**
 * Runs the nodes of a cluster file as containers on this workstation: to try quorate, or a change before it is applied.
 */
import { appendFile, mkdir } from 'node:fs/promises'
import { readText } from '../../files/read-file.ts'
import { requireLab } from '../../lab/available.ts'
import { type BaseOptions, labBase } from '../../lab/base.ts'
import type { EmitLab } from '../../lab/events.ts'
import { labFolder, labFromCluster } from '../../lab/from-cluster.ts'
import { type BootResult, type LabStatus, bootLab, downLab, labStatus } from '../../lab/lab.ts'
import { primaryAddress } from '../../lab/spec.ts'
import { hostPublicKey } from '../../lab/root.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { knownHostsFile } from '../../tiers/etcd/session.ts'
import { TIERS } from '../../tiers/tiers.ts'
import type { Cluster } from '../../spec/cluster.ts'

export interface LabOptions {
  readonly emit: EmitLab
  readonly signal: AbortSignal
}

/** Boots what does not run yet, and records the containers' host keys, which were created locally. Needs root. */
export async function labUp(cluster: Cluster, options: LabOptions): Promise<BootResult> {
  requireLab()
  const base = await labBase({ ...baseOf(cluster), ...options })
  const result = await bootLab(await labFromCluster(cluster), { base, ...options })
  await trustLab(cluster, result)
  return result
}

/** Nodes of the lab can't reach a package archive, so what tiers would install is already in their file system. */
function baseOf(cluster: Cluster): Pick<BaseOptions, 'suite' | 'packages'> {
  if (cluster.kubernetes === undefined) return {}
  const packages = TIERS.flatMap((tier) => cluster.nodes.flatMap((node) => tier.packages(cluster, node)))
  // The first Debian release with a containerd that current kubelets accept.
  return { suite: 'trixie', packages: [...new Set(packages)] }
}

export async function labDown(
  cluster: Cluster,
  options: LabOptions & { readonly purge: boolean },
): Promise<void> {
  await downLab(labFolder(cluster), options)
}

export async function labState(cluster: Cluster): Promise<LabStatus> {
  return await labStatus(labFolder(cluster))
}

async function trustLab(cluster: Cluster, { lab }: BootResult): Promise<void> {
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  const file = knownHostsFile(cluster)
  // Creates the file if it is missing, and leaves an existing one unchanged.
  await appendFile(file, '', { mode: 0o600 })
  const addresses = new Set(lab.spec.machines.map(primaryAddress))
  const others = (await readText(file))
    .split('\n')
    .filter((line) => line !== '' && !addresses.has(line.split(' ')[0] ?? ''))
  const own = await Promise.all(
    lab.spec.machines.map(
      async (machine) => `${primaryAddress(machine)} ${await hostPublicKey(lab.spec.folder, machine.name)}`,
    ),
  )
  await replaceFile(file, `${[...others, ...own].join('\n')}\n`, 0o600)
}
