/** Events during an observation, which sees some machines before and some after. */
import type { Cluster } from '../../src/spec/cluster.ts'
import { ACCIDENTS, happen } from './events.ts'
import { hashOf } from './hash.ts'
import type { Round } from './scenario.ts'
import type { World } from './world.ts'

/**
 * In some rounds something happens while machines are observed one after the other, so that the observed state never
 * existed at any one moment. The round itself determines when and what, so lives need not contain it.
 */
export function skewOf(world: World, cluster: Cluster, round: Round, tell: (line: string) => void) {
  const number = hashOf(round)
  if (number % 3 !== 0) return undefined
  const after = Math.floor(number / 3) % 24
  const kind = WHILE_LOOKING[Math.floor(number / 72) % WHILE_LOOKING.length] ?? 'crash'
  let looked = 0
  return (host: string) => {
    looked += 1
    if (looked !== after) return
    tell(`${kind}, right after ${host} was looked at`)
    world.truth.skewed = true
    happen(world, cluster, { kind, host: Math.floor(number / 720) })
  }
}

const WHILE_LOOKING = [...ACCIDENTS, 'paused', 'mute', 'silent', 'machine-off', 'unreachable'] as const
