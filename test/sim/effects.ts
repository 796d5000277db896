/** What each step really does to a machine, cut into the pieces between which a tool can die. */
import type { MemberState } from '../../src/host/state.ts'
import { PATHS } from '../../src/host/state.ts'
import type { HostStep } from '../../src/plan/steps.ts'
import { parsePin } from '../../src/plan/pin.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import type { Certificate } from './disk.ts'
import { notePin, start, stop } from './etcd.ts'
import { requestOf } from './look.ts'
import { type World, diskOf, fresh } from './world.ts'

/** A step's failure, as the agent would report it. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** Steps that quorate does not have; planners that are broken on purpose use them. */
export type ForbiddenStep = { readonly kind: 'remove-data'; readonly host: string }

type Effect = () => void

/** @param seen the host as it was when the wave was planned: what is signed is the request that was read then. */
export function effectsOf(
  world: World,
  cluster: Cluster,
  step: HostStep | ForbiddenStep,
  seen: MemberState | undefined,
): readonly Effect[] {
  const disk = diskOf(world, step.host)
  switch (step.kind) {
    case 'packages':
      return step.packages.map((name) => () => disk.packages.add(name))
    case 'user':
      return [() => (disk.userShell = step.shell)]
    case 'directory': {
      const { path, owner, group, mode } = step
      return [
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
      return []
    case 'enable':
      return [
        () => {
          if (!disk.files.has(PATHS.unit)) throw new Failure('there is no unit to enable')
          disk.enabled = true
          disk.loadedUnit = disk.files.get(PATHS.unit)
        },
      ]
    case 'start':
      return [() => start(world, cluster, disk, 'quorate')]
    case 'remove-data':
      return [
        () => {
          stop(disk)
          disk.data = undefined
          disk.wal = undefined
        },
      ]
    case 'stop':
      return [() => stop(disk), () => (disk.enabled = false)]
    case 'aside':
      throw new Failure('nothing is moved aside in this world')
    case 'restart':
      return [() => stop(disk), () => start(world, cluster, disk, 'quorate')]
  }
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
    const mode = path.endsWith('.key') ? '600' : path.endsWith('.crt') ? '644' : '755'
    paths.set(path, { type: path.endsWith('/') ? 'directory' : 'file', owner: 'etcd', group: 'etcd', mode })
  }
}
