/** What makes a machine out of the shared file system: its own files, written before it boots. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, open, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { machineFolder } from './identity.ts'
import { type LabSpec, type MachineSpec, plainAddress, primaryAddress } from './spec.ts'
import containerHostScript from './container-host.sh?raw'
import containerHostUnit from './container-host.service?raw'
import { tool } from './tool.ts'

const CONTAINER_HOST_UNIT = 'lab-container-host.service'

/**
 * Directories of a machine that runs containers. They are next to its root, because overlayfs can't be mounted on top
 * of overlayfs.
 */
const STORAGE = ['/var/lib/containerd', '/var/lib/kubelet'] as const

/** Prepares the machine's directory for boot. What the machine itself has written stays. */
export async function prepareRoot(spec: LabSpec, machine: MachineSpec): Promise<void> {
  const folder = machineFolder(spec.folder, machine.name)
  const upper = path.join(folder, 'upper')
  for (const name of ['root', 'work', 'upper']) await mkdir(path.join(folder, name), { recursive: true })
  // The machine's `/` has this directory's mode.
  await chmod(upper, 0o755)
  await prepareHostKey(folder)
  const firstBoot = !existsSync(path.join(upper, 'etc/machine-id'))
  for (const name of ['etc', 'etc/ssh', 'root', 'root/.ssh']) {
    await mkdir(path.join(upper, name), { recursive: true, mode: name.startsWith('root') ? 0o700 : 0o755 })
  }
  const write = (name: string, text: string, mode = 0o644) =>
    writeFile(path.join(upper, name), text, { mode })
  await write('etc/hosts', hostsFile(spec))
  await write('root/.ssh/authorized_keys', lines(machine.authorizedKeys), 0o600)
  if (!firstBoot) return
  await write('etc/hostname', `${machine.name}\n`)
  await write('etc/lab-network', networkBatch(machine))
  await copyFile(path.join(folder, 'host-key'), path.join(upper, 'etc/ssh/ssh_host_ed25519_key'))
  await copyFile(path.join(folder, 'host-key.pub'), path.join(upper, 'etc/ssh/ssh_host_ed25519_key.pub'))
  const settings = Object.entries(machine.environment ?? {}).map(([name, value]) => `${name}=${value}`)
  if (settings.length > 0) {
    const drop = 'etc/systemd/system.conf.d'
    await mkdir(path.join(upper, drop), { recursive: true })
    await write(`${drop}/lab.conf`, `[Manager]\nDefaultEnvironment=${settings.join(' ')}\n`)
  }
  if (machine.containers === true) {
    const units = 'etc/systemd/system'
    for (const name of ['usr/local/lib', `${units}/sysinit.target.wants`]) {
      await mkdir(path.join(upper, name), { recursive: true })
    }
    await write('usr/local/lib/lab-container-host.sh', containerHostScript)
    await write(`${units}/${CONTAINER_HOST_UNIT}`, containerHostUnit)
    const wanted = path.join(upper, units, 'sysinit.target.wants', CONTAINER_HOST_UNIT)
    await rm(wanted, { force: true })
    await symlink(`../${CONTAINER_HOST_UNIT}`, wanted)
  }
  // Last, because it marks that everything above exists. To systemd, a machine with an ID is not on its first boot.
  await write('etc/machine-id', `${randomUUID().replaceAll('-', '')}\n`, 0o444)
}

/** Deletes everything that the machine has written, except its host key. The machine must be off. */
export async function wipeRoot(spec: LabSpec, machine: MachineSpec): Promise<void> {
  const folder = machineFolder(spec.folder, machine.name)
  const disks = (machine.disks ?? []).map((_, index) => diskImage(spec, machine, index))
  const written = ['upper', 'work', 'storage'].map((name) => path.join(folder, name))
  for (const file of [...written, ...disks]) {
    await rm(file, { recursive: true, force: true })
  }
}

/** The machine's public host key: `ssh-ed25519 AAAA…`. */
export async function hostPublicKey(folder: string, machine: string): Promise<string> {
  const text = await readFile(path.join(machineFolder(folder, machine), 'host-key.pub'), 'utf8')
  return text.split(' ').slice(0, 2).join(' ').trim()
}

/** /etc/hosts of every machine. */
export function hostsFile(spec: LabSpec): string {
  return lines([
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    ...spec.machines.map((machine) => `${primaryAddress(machine)} ${machine.name}`),
    ...Object.entries(spec.hosts ?? {}).map(([name, address]) => `${address} ${name}`),
  ])
}

/** Creates the images of the machine's small disks and their mount points if they are missing. */
export async function prepareDisks(spec: LabSpec, machine: MachineSpec): Promise<string[]> {
  const pairs: string[] = []
  for (const [index, disk] of (machine.disks ?? []).entries()) {
    const image = diskImage(spec, machine, index)
    const folder = machineFolder(spec.folder, machine.name)
    await mkdir(path.join(folder, 'upper', disk.path), { recursive: true })
    if (!existsSync(image)) await makeImage(image, disk.sizeBytes)
    pairs.push(image, path.join(folder, 'root', disk.path))
  }
  return pairs
}

/**
 * Pairs of a directory on this workstation and its path in the machine, for data that can't be on the machine's
 * overlay.
 */
export async function prepareStorage(
  spec: LabSpec,
  machine: MachineSpec,
): Promise<{ readonly here: string; readonly there: string }[]> {
  if (machine.containers !== true) return []
  const storage = path.join(machineFolder(spec.folder, machine.name), 'storage')
  const pairs = STORAGE.map((there) => ({ here: path.join(storage, path.basename(there)), there }))
  for (const { here } of pairs) await mkdir(here, { recursive: true, mode: 0o700 })
  return pairs
}

function diskImage(spec: LabSpec, machine: MachineSpec, index: number): string {
  return path.join(machineFolder(spec.folder, machine.name), `disk-${index}.img`)
}

async function makeImage(image: string, sizeBytes: number): Promise<void> {
  const file = await open(image, 'w', 0o600)
  try {
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
  await tool(['mkfs.ext4', '-q', '-F', '-m', '0', image])
}

async function prepareHostKey(folder: string): Promise<void> {
  const key = path.join(folder, 'host-key')
  if (existsSync(`${key}.pub`)) return
  await rm(key, { force: true })
  await tool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key])
}

/** For `ip -batch`. Duplicate address detection would hold back IPv6 addresses for seconds. */
function networkBatch(machine: MachineSpec): string {
  const add = machine.addresses.map((cidr) => {
    const nodad = plainAddress(cidr).includes(':') ? ' nodad' : ''
    return `address add ${cidr} dev host0${nodad}`
  })
  return lines([...add, 'link set host0 up'])
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text.trimEnd()}\n`).join('')
}
