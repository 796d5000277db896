/** What each step really does to a machine, cut into the pieces between which a tool can die. */
import { predictService } from '../../src/engine/service-steps.ts'
import type { MemberState } from '../../src/host/state.ts'
import { PATHS } from '../../src/host/state.ts'
import type { HostStep, ResetStep } from '../../src/tiers/etcd/steps/steps.ts'
import { parsePin } from '../../src/tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { type Certificate, type Disk, aboveLog, isWritable } from './disk.ts'
import { notePin, start, stop } from './etcd.ts'
import { Failure } from './failure.ts'
import { checkAside, checkDemand, checkRestart } from './harm.ts'
import { requestOf } from './look.ts'
import { type World, diskOf, fresh } from './world.ts'

/** Steps that `apply` must not have; planners that are broken on purpose use them. */
export type ForbiddenStep = Extract<ResetStep, { kind: 'remove' }>

type Effect = () => unknown

/** @param seen the host as it was when the wave was planned: what is signed is the request that was read then. */
export function effectsOf(
  world: World,
  cluster: Cluster,
  step: HostStep | ForbiddenStep,
  seen: MemberState | undefined,
): readonly Effect[] {
  const disk = diskOf(world, step.host)
  const effects = effectsWithRoom(world, cluster, disk, step, seen)
  if (!NEEDS_ROOM.has(step.kind)) return effects
  return effects.map((effect) => () => {
    if (disk.full) throw new Failure('No space left on device')
    effect()
  })
}

const NEEDS_ROOM: ReadonlySet<string> = new Set([
  'packages',
  'user',
  'directory',
  'binaries',
  'file',
  'key',
  'certificates',
  'ca',
])

function effectsWithRoom(
  world: World,
  cluster: Cluster,
  disk: Disk,
  step: HostStep | ForbiddenStep,
  seen: MemberState | undefined,
): readonly Effect[] {
  switch (step.kind) {
    case 'packages':
      return step.packages.map((name) => () => disk.packages.add(name))
    case 'service-file': {
      // It counts as not loaded before it is in place.
      const marked = predictService(disk.services, { ...step, path: '', content: '' })
      return [
        () => (disk.services = { ...disk.services, units: marked.units }),
        () => (disk.services = predictService(disk.services, step)),
      ]
    }
    case 'service-load':
    case 'service-remove':
      return [() => (disk.services = predictService(disk.services, step))]
    case 'user':
      return [() => (disk.userShell = step.shell)]
    case 'directory': {
      const { path, owner, group, mode } = step
      return [
        () => {
          const above = path.slice(0, path.lastIndexOf('/'))
          if (isWritable(disk.paths.get(above))) throw new Failure(`root can't work safely in ${above}`)
        },
        () =>
          disk.paths.has(path) ||
          disk.paths.set(path, { type: 'directory', owner: 'root', group: 'root', mode: '700' }),
        () =>
          disk.paths.set(path, {
            type: 'directory',
            owner,
            group,
            mode: disk.paths.get(path)?.mode ?? '700',
          }),
        () => disk.paths.set(path, { type: 'directory', owner, group, mode }),
      ]
    }
    case 'binaries':
      return ['etcd', 'etcdctl'].map(
        (name) => () => disk.binaries.set(name, { sha256: 'aa', version: step.version }),
      )
    case 'file': {
      const { path, content, owner, group, mode } = step
      return [
        () => {
          disk.files.set(path, content)
          disk.paths.set(path, { type: 'file', owner, group, mode })
          if (path === PATHS.clusterId) notePin(world, parsePin(content)?.clusterId ?? '')
        },
      ]
    }
    case 'key':
      return [
        () => disk.pending.delete(step.name),
        () =>
          disk.pending.set(step.name, {
            key: `PRIVATE KEY ${fresh(world)}`,
            configuration: step.configuration,
          }),
      ]
    case 'certificates':
      return certificateEffects(world, step, seen)
    case 'ca':
      return [() => (disk.tls.ca = world.ca)]
    case 'tls-modes':
      return [() => setTlsModes(world, step.host)]
    case 'reload':
      return [() => (disk.loadedUnit = disk.files.get(PATHS.unit))]
    case 'ready':
      return [...opening(disk, cluster, step), ...closing(disk, step)]
    case 'enable':
      return [
        () => {
          if (!disk.files.has(PATHS.unit)) throw new Failure('there is no unit to enable')
          disk.files.delete(PATHS.stopped)
          disk.enabled = true
          disk.loadedUnit = disk.files.get(PATHS.unit)
        },
      ]
    case 'start':
      return [...opening(disk, cluster, step), () => startChecked(world, cluster, disk)]
    case 'remove':
      return [
        () => {
          stop(disk)
          disk.data = undefined
          disk.format = undefined
          disk.wal = undefined
        },
      ]
    case 'restart':
      return [
        () => {
          checkRestart(world, cluster, disk)
          stop(disk)
        },
        ...opening(disk, cluster, step),
        () => startChecked(world, cluster, disk),
        ...closing(disk, step),
      ]
    case 'stop':
      return [() => stop(disk), () => (disk.enabled = false)]
    case 'aside':
      return step.paths.map((path) => () => moveAside(world, cluster, disk, path))
    case 'restore-stage':
    case 'restore-halt':
    case 'restore-place':
    case 'restore-unchecked':
    case 'restore-finish':
      throw new TypeError('no apply restores')
  }
}

type Opening = Pick<Extract<HostStep, { kind: 'start' }>, 'firstStart'>

function opening(disk: Disk, cluster: Cluster, { firstStart }: Opening): readonly Effect[] {
  const open = { type: 'directory', owner: 'root', group: 'etcd', mode: '1775' } as const
  if (firstStart === undefined) return []
  return [() => disk.wal ?? disk.paths.set(aboveLog(cluster), open)]
}

function closing(disk: Disk, { firstStart }: Opening): readonly Effect[] {
  return firstStart === undefined ? [] : [() => (disk.closes = true)]
}

/** What agents do that waited for members, now that these had their time: nothing where one did not become ready. */
export function closeReady(world: World, cluster: Cluster): void {
  for (const disk of world.disks.values()) {
    if (disk.closes && disk.process?.ready === true)
      disk.paths.set(aboveLog(cluster), { type: 'directory', owner: 'root', group: 'root', mode: '755' })
    disk.closes = false
  }
}

function startChecked(world: World, cluster: Cluster, disk: Disk): void {
  const { demanded } = disk
  start(world, cluster, disk, 'quorate')
  // What it did before is no worse for being done again.
  if (!demanded) checkDemand(world, disk)
}

function moveAside(world: World, cluster: Cluster, disk: Disk, path: string): void {
  const { dataDirectory, walDirectory } = cluster.etcd
  for (const [folder, part] of [
    [dataDirectory, 'data'],
    [walDirectory, 'wal'],
  ] as const) {
    const data = disk[part]
    if (folder !== path || data === undefined) continue
    checkAside(world, disk, data)
    disk.aside.push(data)
    disk[part] = undefined
    if (part === 'data') disk.format = undefined
  }
  disk.files.delete(path)
  disk.paths.delete(path)
}

function certificateEffects(
  world: World,
  step: Extract<HostStep, { kind: 'certificates' }>,
  seen: MemberState | undefined,
): readonly Effect[] {
  const disk = diskOf(world, step.host)
  return [
    () => {
      const issued = step.names.map((name): [string, string, Certificate] => {
        const waiting = disk.pending.get(name)
        if (waiting === undefined || world.ca === undefined)
          throw new Failure(`no request for ${name}.crt waits there`)
        if (requestOf(waiting.key) !== seen?.tls.pending[name]?.csr) {
          throw new Failure(`the certificate ${name}.crt does not belong to the key that waits there`)
        }
        const certificate = { ca: world.ca, key: waiting.key, request: waiting.configuration, expired: false }
        return [name, waiting.key, certificate]
      })
      disk.tls = {
        ca: world.ca,
        keys: new Map(issued.map(([name, key]) => [name, key])),
        certificates: new Map(issued.map(([name, , certificate]) => [name, certificate])),
      }
      for (const path of disk.paths.keys()) if (path.startsWith(`${PATHS.tls}/`)) disk.paths.delete(path)
      const paths = step.names.flatMap((name) => [`${PATHS.tls}/${name}.crt`, `${PATHS.tls}/${name}.key`])
      for (const path of [`${PATHS.tls}/`, `${PATHS.tls}/ca.crt`, ...paths]) {
        disk.paths.set(path, { type: 'file', owner: 'root', group: 'root', mode: '600' })
      }
      setTlsModes(world, step.host)
    },
    () => disk.pending.clear(),
  ]
}

function setTlsModes(world: World, host: string): void {
  const { paths } = diskOf(world, host)
  for (const path of paths.keys()) {
    if (!path.startsWith(`${PATHS.tls}/`)) continue
    const [group, mode] = path.endsWith('.key')
      ? ['etcd', '640']
      : ['root', path.endsWith('.crt') ? '644' : '755']
    paths.set(path, { type: path.endsWith('/') ? 'directory' : 'file', owner: 'root', group, mode })
  }
}
