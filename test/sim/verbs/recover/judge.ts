/** What is checked on all machines, whatever caused it. */
import { etcdNodes } from '../../../../src/spec/cluster.ts'
import { diskOf } from '../../world.ts'
import { isReached } from '../world.ts'
import { catchUp, logOf, writesIn } from './logs.ts'
import { RecoveryViolation } from './violation.ts'
import type { RecoveryWorld } from './world.ts'

export function requireClean({ vw, halted, copies }: RecoveryWorld): void {
  for (const { name } of etcdNodes(vw.cluster).filter((node) => isReached(vw, node.name))) {
    const { copy, data, wal } = copies.get(name) ?? {}
    const { underway } = diskOf(vw.world, name)
    const left = [
      ...(underway === undefined ? [] : ['a mark']),
      ...(halted.has(name) ? ['API servers that wait'] : []),
      ...((copy ?? data ?? wal) === undefined ? [] : ['a copy']),
    ]
    if (left.length > 0) throw new RecoveryViolation('clean', `${name} has ${left.join(' and ')}`)
  }
}

/** Every serving member of the cluster has what a recovery must keep. */
export function requireKept(rw: RecoveryWorld): void {
  const { vw, logs, owed } = rw
  if (owed === undefined) return
  catchUp(vw, logs)
  for (const { name } of etcdNodes(vw.cluster)) {
    const { process } = diskOf(vw.world, name)
    if (process?.ready !== true) continue
    const own = new Set(writesIn(logOf(logs, process.data)))
    const gone = [...owed].filter((one) => !own.has(one))
    if (gone.length > 0) throw new RecoveryViolation('writes-kept', `${name} lacks ${gone.join(', ')}`)
  }
}
