/** A command that must refuse: its message, and whether it changed anything nevertheless. */
import type { TestLab } from '../harness.ts'
import { quorate } from './quorate.ts'
import { snapshots } from './snapshot.ts'

export interface Refusal {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Both. */
  readonly output: string
  /** Names of the machines whose files have changed. */
  readonly touched: readonly string[]
}

/** Runs it (default: `apply`). Ignores what etcd itself writes while it runs. */
export async function refusal(lab: TestLab, args: readonly string[] = ['apply']): Promise<Refusal> {
  const running = await Promise.all(lab.machines.map(async (machine) => await machine.isRunning()))
  const machines = lab.machines.filter((_, index) => running[index])
  const skip = ['/opt/etcd/data/*', '/opt/etcd/wal/*']
  const before = await snapshots(machines, skip)
  const { exitCode, stdout, stderr } = await quorate(lab, args)
  const after = await snapshots(machines, skip)
  const touched = machines.map(({ name }) => name).filter((name) => before[name] !== after[name])
  return { exitCode, stdout, stderr, output: stdout + stderr, touched }
}
