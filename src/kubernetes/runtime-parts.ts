/**
 * What a kubelet requires on its node, if it comes from releases: the programs that each project publishes, and their
 * packaging. Pure.
 */
import type { ContainerdSpec } from '../spec/containerd.ts'

export interface RuntimePart {
  readonly product: RuntimeProduct
  /** `2.3.7`, exact. */
  readonly version: string
}

/** The programs that nodes get, by product. For CNI: those that quorate's network and most others call. */
export const RUNTIME_PROGRAMS = {
  containerd: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
  runc: ['runc'],
  'cni-plugins': ['bandwidth', 'bridge', 'firewall', 'host-local', 'loopback', 'portmap', 'ptp', 'tuning'],
  crictl: ['crictl'],
} as const

export type RuntimeProduct = keyof typeof RUNTIME_PROGRAMS
export type RuntimeProgram = (typeof RUNTIME_PROGRAMS)[RuntimeProduct][number]

export function runtimeParts({ version, runc, cni, crictl }: ContainerdSpec): readonly RuntimePart[] {
  return [
    { product: 'containerd', version },
    { product: 'runc', version: runc },
    { product: 'cni-plugins', version: cni },
    ...(crictl === undefined ? [] : [{ product: 'crictl', version: crictl } as const]),
  ]
}
