/**
 * The names that a lab's things have on this computer. They follow from the lab's folder alone, so that they can be
 * found and removed again even where every record is lost. Interface names may have 15 characters at most.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'

/** The bridge of the lab in this folder. */
export function bridgeName(folder: string): string {
  return `qb-${digest(path.resolve(folder), 10)}`
}

/** What systemd-nspawn calls the machine: its veth is `vb-` and this. */
export function machineId(folder: string, machine: string): string {
  return `q${digest(`${path.resolve(folder)}\0${machine}`, 10)}`
}

export function vethName(folder: string, machine: string): string {
  return `vb-${machineId(folder, machine)}`
}

/** The machine's control group, below each hierarchy's root; used where systemd does not run this computer. */
export function cgroupName(folder: string, machine: string): string {
  return `quorate-lab-${machineId(folder, machine)}`
}

/** The control group that systemd makes for the machine, where it runs this computer. */
export function scopeName(folder: string, machine: string): string {
  return `machine.slice/${machineId(folder, machine)}.scope`
}

/** A machine's own folder. */
export function machineFolder(folder: string, machine: string): string {
  return path.join(folder, 'machines', machine)
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
