/** One simulated machine, changed by steps: its own behavior, and what must not be done to it. */
import type { MemberState } from '../../src/host/state.ts'
import { PATHS } from '../../src/host/state.ts'
import type { SimulatedMachine } from '../../src/tiers/etcd/steps/simulated.ts'
import { parsePin } from '../../src/tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { type Certificate, type Disk, aboveLog, isWritable } from './disk.ts'
import { notePin, start, stop } from './etcd.ts'
import { Failure } from './failure.ts'
import { checkAside, checkDemand, checkRestart } from './harm.ts'
import { requestOf } from './look.ts'
import { changed } from './kubernetes/machine.ts'
import { carryOut } from './kubernetes/api.ts'
import { restoring } from './restored.ts'
import { type World, diskOf, fresh } from './world.ts'

/** @param seen the member when the stage was planned: the request that was read then gets signed. */
export function simulatedMachine(
  world: World,
  cluster: Cluster,
  host: string,
  seen: MemberState | undefined,
): SimulatedMachine {
  const disk = diskOf(world, host)
  /** Work that writes something. */
  const writing =
    <A extends readonly unknown[]>(write: (...args: A) => unknown) =>
    (...args: A): void => {
      if (disk.full) throw new Failure('No space left on device')
      write(...args)
    }
  const directory = (path: string) =>
    disk.paths.get(path) ?? ({ type: 'directory', owner: 'root', group: 'root', mode: '700' } as const)
  return {
    get services() {
      return disk.services
    },
    set services(services) {
      disk.services = world.kubernetes === undefined ? services : changed(world, cluster, disk, services)
    },
    installPackage: writing((name) => disk.packages.add(name)),
    makeUser: writing((shell) => (disk.userShell = shell)),
    requireClosedAbove: writing((path) => {
      const above = path.slice(0, path.lastIndexOf('/'))
      if (isWritable(disk.paths.get(above))) throw new Failure(`root can't work safely in ${above}`)
    }),
    makeDirectory: writing((path) => disk.paths.set(path, directory(path))),
    chown: writing((path, owner, group) =>
      disk.paths.set(path, { type: 'directory', owner, group, mode: directory(path).mode }),
    ),
    chmod: writing((path, mode) => disk.paths.set(path, { ...directory(path), mode })),
    installBinary: writing((name, version) => disk.binaries.set(name, { sha256: 'aa', version })),
    writeFile: writing((path, content, ownership) => {
      disk.files.set(path, content)
      disk.paths.set(path, { type: 'file', ...ownership })
      if (path === PATHS.clusterId) notePin(world, parsePin(content)?.clusterId ?? '')
    }),
    dropRequest: writing((name) => disk.pending.delete(name)),
    makeKey: writing((name, configuration) =>
      disk.pending.set(name, { key: `PRIVATE KEY ${fresh(world)}`, configuration }),
    ),
    issue: writing((names) => issue(world, disk, names, seen)),
    dropRequests: writing(() => disk.pending.clear()),
    trustCa: writing(() => (disk.tls.ca = world.ca)),
    setTlsModes: () => setTlsModes(disk),
    reload: () => (disk.loadedUnit = disk.files.get(PATHS.unit)),
    enable: () => {
      if (!disk.files.has(PATHS.unit)) throw new Failure('there is no unit to enable')
      disk.files.delete(PATHS.stopped)
      disk.enabled = true
      disk.loadedUnit = disk.files.get(PATHS.unit)
    },
    disable: () => (disk.enabled = false),
    start: () => startChecked(world, cluster, disk),
    stop: () => stop(disk),
    stopToRestart: () => {
      checkRestart(world, cluster, disk, seen?.binaries['etcd']?.version)
      stop(disk)
    },
    openGround: () => {
      const open = { type: 'directory', owner: 'root', group: 'etcd', mode: '1775' } as const
      if (disk.wal === undefined) disk.paths.set(aboveLog(cluster), open)
    },
    closeGround: () => (disk.closes = true),
    moveAside: (path) => moveAside(world, cluster, disk, path),
    wipe: () => {
      stop(disk)
      disk.data = undefined
      disk.format = undefined
      disk.wal = undefined
    },
    ...restoring(world, cluster, disk),
    carryOut: writing((phase) => carryOut(world, cluster, disk, phase)),
  }
}

/** What agents do after waiting for members, now that time has passed: nothing if one did not become ready. */
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
  // Repeating its earlier work is harmless.
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

function issue(world: World, disk: Disk, names: readonly string[], seen: MemberState | undefined): void {
  const issued = names.map((name): [string, string, Certificate] => {
    const waiting = disk.pending.get(name)
    if (waiting === undefined || world.ca === undefined)
      throw new Failure(`no request for ${name}.crt waits there`)
    if (requestOf(waiting.key) !== requestIn(seen, name)) {
      throw new Failure(`the certificate ${name}.crt doesn't match the waiting key on this node`)
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
  const paths = names.flatMap((name) => [`${PATHS.tls}/${name}.crt`, `${PATHS.tls}/${name}.key`])
  for (const path of [`${PATHS.tls}/`, `${PATHS.tls}/ca.crt`, ...paths]) {
    disk.paths.set(path, { type: 'file', owner: 'root', group: 'root', mode: '600' })
  }
  setTlsModes(disk)
}

/** The request that was waiting when the stage was planned: that one gets signed. */
function requestIn(seen: MemberState | undefined, name: string): string | undefined {
  return Object.entries(seen?.tls.pending ?? {}).find(([one]) => one === name)?.[1]?.csr
}

function setTlsModes({ paths }: Disk): void {
  for (const path of paths.keys()) {
    if (!path.startsWith(`${PATHS.tls}/`)) continue
    const [group, mode] = path.endsWith('.key')
      ? ['etcd', '640']
      : ['root', path.endsWith('.crt') ? '644' : '755']
    paths.set(path, { type: path.endsWith('/') ? 'directory' : 'file', owner: 'root', group, mode })
  }
}
