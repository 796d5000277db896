/** The tiers that keep something in the cluster. A new one is a folder beside this one, and a line in each list below. */
import { flannel } from '../flannel/tier.ts'
import type { NetworkStep } from '../flannel/step.ts'
import type { Guest } from './guest.ts'

export type GuestStep = NetworkStep

export const GUESTS: readonly Guest<GuestStep>[] = [flannel]

export const GUEST_KINDS = { ...flannel.kinds }
