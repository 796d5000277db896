/** The products that quorate sets up beside etcd. A new one is a folder here, and a line below. */
import type { Tier } from '../engine/tier.ts'
import type { Step } from './etcd/steps/steps.ts'
import { containerd } from './containerd/tier.ts'
import { haproxy } from './haproxy/tier.ts'
import { kubernetes } from './kubernetes/tier.ts'

/** Each plans steps of registered kinds alone. */
export const TIERS: readonly Tier<Step>[] = [haproxy, containerd, kubernetes]
