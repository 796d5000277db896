/** Faults that end with the test that created them, even if it fails, so that later tests are not affected. */
import type { Machine } from '../../../src/lab/machine.ts'
import type { NetworkCut } from '../../../src/lab/network-cut.ts'

export interface Fault extends AsyncDisposable {
  /** Undoes the fault. Can be called twice. */
  undo(): Promise<void>
}

/** Power off, without a warning. */
export async function poweredOff(machine: Machine): Promise<Fault> {
  await machine.kill()
  return once(async () => await machine.boot())
}

export async function cutOff(machine: Machine, cut: NetworkCut): Promise<Fault> {
  await machine.cutNetwork(cut)
  return once(async () => await machine.restoreNetwork())
}

/** A service whose processes exist but do nothing. */
export async function frozen(machine: Machine, unit: string): Promise<Fault> {
  const pid = await machine.mainPid(unit)
  await machine.freezePid(pid)
  return once(async () => await machine.thawPid(pid))
}

function once(undo: () => Promise<void>): Fault {
  let undone: Promise<void> | undefined
  const again = async () => await (undone ??= undo())
  return { undo: again, [Symbol.asyncDispose]: again }
}
