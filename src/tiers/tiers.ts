/** The products that quorate sets up beside etcd. A new one is a folder here, and a line below. */
import type { Tier } from '../engine/tier.ts'
import { haproxy } from './haproxy/tier.ts'

export const TIERS: readonly Tier[] = [haproxy]
