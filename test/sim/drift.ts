/** Manual changes on machines, on purpose or not. */
import { PEER_IDENTITY } from '../../src/etcd/configuration.ts'
import { PATHS } from '../../src/host/state.ts'
import { parsePin } from '../../src/tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { type Disk, aboveLog, unnamed } from './disk.ts'
import { HAND_MADE } from './etcd.ts'
import { type World, diskOf } from './world.ts'

/** Manual changes that are repaired without a question. */
export const DRIFTS = [
  'options-edited',
  'options-removed',
  'unit-edited',
  'unit-not-read',
  'disabled',
  'pin-removed',
  'pin-damaged',
  'shell',
  'etcd-replaced',
  'etcdctl-removed',
  'folder-mode',
  'key-mode',
  'old-owners',
  'bundle-edited',
  'certificate-removed',
  'certificate-expired',
  'certificate-unnamed',
  'package-removed',
  'network-overwritten',
  'state-new',
] as const

export type Drift = (typeof DRIFTS)[number]

export function drift(world: World, cluster: Cluster, disk: Disk, kind: Drift): void {
  const { files, paths, binaries, tls } = disk
  const options = files.get(PATHS.environment)
  const chmod = (path: string, mode: string) => {
    const now = paths.get(path)
    if (now !== undefined) paths.set(path, { ...now, mode })
  }
  switch (kind) {
    case 'options-edited':
      if (options !== undefined) files.set(PATHS.environment, `${options}${HAND_MADE}=zap\n`)
      return
    case 'options-removed':
      // Without a cluster ID file, only these identify the owner of the data.
      if (options !== undefined && !isWhole(disk))
        world.truth.excuse ??= 'options removed where there is no pin'
      files.delete(PATHS.environment)
      paths.delete(PATHS.environment)
      return
    case 'state-new':
      if (files.has(PATHS.clusterId) && options !== undefined) {
        world.truth.unseen.add(disk.node.name)
        files.set(PATHS.environment, options.replace('STATE=existing', 'STATE=new'))
      }
      return
    case 'unit-edited':
      if (files.has(PATHS.unit)) files.set(PATHS.unit, '[Service]\nExecStart=/usr/local/bin/etcd\n')
      disk.loadedUnit = files.get(PATHS.unit)
      return
    case 'unit-not-read':
      if (files.has(PATHS.unit)) files.set(PATHS.unit, '[Service]\nExecStart=/usr/local/bin/etcd\n')
      return
    case 'disabled':
      disk.enabled = false
      return
    case 'pin-removed':
    case 'pin-damaged': {
      if (!files.has(PATHS.clusterId)) return
      const others = cluster.nodes.filter((node) => node.name !== disk.node.name)
      const whole = others.some((node) => isWhole(diskOf(world, node.name)))
      if (!whole) world.truth.excuse ??= 'the last pin was removed or damaged'
      if (options === undefined) world.truth.excuse ??= 'the pin was removed where there are no options'
      if (kind === 'pin-damaged') files.set(PATHS.clusterId, 'cluster=')
      else {
        files.delete(PATHS.clusterId)
        paths.delete(PATHS.clusterId)
      }
      return
    }
    case 'shell':
      if (disk.userShell !== undefined) disk.userShell = '/bin/bash'
      return
    case 'etcd-replaced':
      if (binaries.has('etcd')) binaries.set('etcd', { sha256: 'ff', version: undefined })
      return
    case 'etcdctl-removed':
      binaries.delete('etcdctl')
      return
    case 'folder-mode':
      return chmod(cluster.etcd.dataDirectory, '755')
    case 'old-owners':
      // As in earlier versions of quorate: the parent directories of the log, and the TLS files.
      for (const [path, now] of paths) {
        const above = path === aboveLog(cluster)
        if (above) paths.set(path, { ...now, owner: 'etcd', group: 'etcd', mode: '750' })
        const mode = path.endsWith('.key') ? '600' : now.mode
        if (path.startsWith(`${PATHS.tls}/`)) paths.set(path, { ...now, owner: 'etcd', group: 'etcd', mode })
      }
      return
    case 'key-mode':
      for (const name of tls.keys.keys()) chmod(`${PATHS.tls}/${name}.key`, '644')
      return
    case 'bundle-edited':
      if (tls.ca !== undefined) disk.tls = { ...tls, ca: 'another bundle' }
      return
    case 'certificate-removed':
      for (const name of tls.certificates.keys()) paths.delete(`${PATHS.tls}/${name}.crt`)
      tls.certificates.clear()
      return
    case 'certificate-expired':
      for (const certificate of tls.certificates.values()) certificate.expired = true
      return
    case 'certificate-unnamed':
      takeName(disk)
      return
    case 'package-removed':
      disk.packages.clear()
      return
    case 'network-overwritten':
      if (world.network !== undefined) world.network = '{"Network":"10.99.0.0/16"}'
  }
}

/** It says which cluster it belongs to. */
export function isWhole(disk: Disk): boolean {
  return parsePin(disk.files.get(PATHS.clusterId) ?? '') !== undefined
}

/** Every member as it was set up before members had their own name, still running. */
export function makeOld(world: World): void {
  for (const disk of world.disks.values()) {
    takeName(disk)
    disk.demanded = false
    const options = disk.files.get(PATHS.environment)
    if (options !== undefined)
      disk.files.set(PATHS.environment, options.replace(new RegExp(`^${PEER_IDENTITY}=.*\\n`, 'm'), ''))
    if (disk.process === undefined) continue
    const { [PEER_IDENTITY]: _demand, ...environment } = disk.process.environment
    disk.process = { ...disk.process, environment }
  }
}

function takeName({ tls }: Disk): void {
  for (const certificate of tls.certificates.values()) certificate.request = unnamed(certificate.request)
}
