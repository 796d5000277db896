/** What adopting writes: the cluster ID file on every member, and the cluster file on this workstation. */
import { access, mkdir, writeFile } from 'node:fs/promises'
import path, { posix } from 'node:path'
import { readText } from '../../files/read-file.ts'
import type { Member } from '../../adopt/member.ts'
import type { Ground } from '../../adopt/machine-facts.ts'
import { runElsewhereBy } from '../../adopt/shape.ts'
import { QuorateError } from '../../errors.ts'
import { PATHS } from '../../host/state.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { type Pin, renderPin } from '../../tiers/etcd/facts/pin.ts'
import type { FileStep } from '../../tiers/etcd/steps/file.ts'
import type { HostStep } from '../../tiers/etcd/steps/steps.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { writeNewClusterFile } from '../../cluster-file/write.ts'
import { type Adoptable, type DraftOptions, offlineCertificate } from './observe.ts'

export type AdoptStep = FileStep | Extract<HostStep, { kind: 'directory' }>

/** Only where the file is missing: an earlier run may have been interrupted. */
export function pinSteps({ cluster, clusterId, members }: Adoptable): readonly AdoptStep[] {
  return members.flatMap((member): AdoptStep[] => {
    const { name: host, facts } = member
    const content = markOf(member, { cluster: cluster.name, clusterId })
    if (facts.pin === content) return []
    const what = `write ${PATHS.clusterId}`
    const why = 'quorate manages this member, and it belongs to this cluster'
    const owned = {
      path: PATHS.clusterId,
      content,
      before: facts.pin,
      owner: 'root',
      group: 'root',
      mode: '644',
    }
    return [...groundSteps(member), { kind: 'file', host, ...owned, what, why, danger: 'none' }]
  })
}

/**
 * The owner of the directory could replace the cluster ID file, so root takes it over. Its group and its previous owner
 * keep read access.
 */
function groundSteps({ name: host, facts: { ground } }: Member): AdoptStep[] {
  const folder = posix.dirname(PATHS.clusterId)
  if (ground === undefined || ground.owner === 'root') return []
  const { group, mode } = withoutOwner(ground)
  const what = `give ${folder} to root (${group} ${mode})`
  const why = `it belongs to ${ground.owner} (${ground.group} ${ground.mode}), who could replace the cluster ID file`
  const owned = { path: folder, owner: 'root', group, mode }
  return [{ kind: 'directory', host, ...owned, what, why, danger: 'none', creates: false }]
}

/**
 * Group and mode for a directory that root takes over, so that its previous owner can still read it: the running etcd
 * reads certificates from it at each handshake. If others can't read it, its group can. Root's own group doesn't help:
 * no user is in it.
 */
function withoutOwner(ground: Ground): { readonly group: string; readonly mode: string } {
  const bits = Number.parseInt(ground.mode, 8) & 0o755
  const owners = (bits & 0o500) >> 6
  if ((bits & owners) === owners) return { group: ground.group, mode: bits.toString(8) }
  const group = ground.group === 'root' ? ground.owner : ground.group
  return { group, mode: (bits | (owners << 3)).toString(8) }
}

/** The text of a member's cluster ID file. */
export function markOf(member: Member, pin: Pin): string {
  return renderPin({ ...pin, runBy: runElsewhereBy(member) })
}

export async function writeFiles(
  { file, name, authority }: Pick<DraftOptions, 'file' | 'name' | 'authority'>,
  { cluster, text, bundle, members }: Adoptable,
): Promise<void> {
  await keepRecord(cluster, members)
  if (authority === undefined && cluster.pki.authority.home === 'offline' && bundle !== undefined) {
    await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
    await writeFile(path.resolve(path.dirname(file), offlineCertificate(name)), bundle, { mode: 0o644 })
  }
  await writeNewClusterFile(file, text, alreadyThere)
}

/**
 * Records how the members ran before, so that an operator can undo the adoption: apply overwrites units and settings.
 * Private.
 */
async function keepRecord({ stateDirectory }: Cluster, members: readonly Member[]): Promise<void> {
  const record = members.map(({ name, listed: { etcdName = name }, process }) => {
    const { command, environment, configuration, unit, user } = process
    const own = Object.entries(environment).filter(([key]) => key.startsWith('ETCD_'))
    return { name, etcdName, user, command, environment: Object.fromEntries(own), configuration, unit }
  })
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  const text = `${JSON.stringify({ members: record }, null, 2)}\n`
  await replaceFile(path.join(stateDirectory, 'adopted.json'), text, 0o600)
}

export function alreadyThere(file: string): QuorateError {
  return new QuorateError('usage', `${file} already exists and is not overwritten`, {
    id: 'cluster-file-exists',
    hint: 'choose another file with -f FILE, or move that one away',
  })
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    await access(file)
    return await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'usage', `can't read ${file}`)
  }
}
