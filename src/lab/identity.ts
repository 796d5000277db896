/**
 * The names of a lab's resources on this workstation. They depend only on the lab's directory, so that they can be
 * found and removed even if every record is lost. Interface names have 15 characters at most.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'

/** The bridge of the lab in this directory. */
export function bridgeName(folder: string): string {
  return `qb-${digest(path.resolve(folder), 10)}`
}

/** The machine's name for systemd-nspawn: its veth is `vb-` and this. */
export function machineId(folder: string, machine: string): string {
  return `q${digest(`${path.resolve(folder)}\0${machine}`, 10)}`
}

export function vethName(folder: string, machine: string): string {
  return `vb-${machineId(folder, machine)}`
}

/** The machine's control group, below each hierarchy's root; used on a workstation without systemd. */
export function cgroupName(folder: string, machine: string): string {
  return `quorate-lab-${machineId(folder, machine)}`
}

/** The control group that systemd makes for the machine, on a workstation with systemd. */
export function scopeName(folder: string, machine: string): string {
  return `machine.slice/${machineId(folder, machine)}.scope`
}

/** A machine's own directory. */
export function machineFolder(folder: string, machine: string): string {
  return path.join(folder, 'machines', machine)
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
