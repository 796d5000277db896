/** The wanted containerd, runc and CNI plugins from releases: `kubernetes.containerd`, with defaults. */
export interface ContainerdSpec {
  readonly source: ContainerdSource
  /** containerd's exact version: `2.3.7`. */
  readonly version: string
  readonly runc: string
  /** Version of the CNI plugins. */
  readonly cni: string
  /** undefined: not installed. */
  readonly crictl: string | undefined
}

export type ContainerdSource =
  | {
      readonly kind: 'release'
      /** Base URL of the projects' releases, without a final slash: `https://github.com`. */
      readonly base: string
      /** HTTP(S) proxy URL; undefined: the environment's HTTPS_PROXY and NO_PROXY. */
      readonly proxy: string | undefined
    }
  | {
      readonly kind: 'folder'
      /** Absolute path of the directory with the releases' files, under their names. */
      readonly path: string
    }
