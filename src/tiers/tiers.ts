/** The products that quorate sets up in addition to etcd. A new one is a directory next to this file, and a line below. */
import type { Tier } from '../engine/tier.ts'
import type { Step } from './etcd/steps/steps.ts'
import { containerd } from './containerd/tier.ts'
import { haproxy } from './haproxy/tier.ts'
import { kubernetes } from './kubernetes/tier.ts'

/** Each plans only steps of registered kinds. */
export const TIERS: readonly Tier<Step>[] = [haproxy, containerd, kubernetes]
