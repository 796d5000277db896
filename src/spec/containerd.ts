/** What is wanted of containerd, runc and the CNI plugins where they come from releases: `kubernetes.containerd`, resolved. */
export interface ContainerdSpec {
  readonly source: ContainerdSource
  /** Of containerd: `2.3.7`, exact. */
  readonly version: string
  readonly runc: string
  /** Of the CNI plugins. */
  readonly cni: string
  /** undefined: it is not installed. */
  readonly crictl: string | undefined
}

export type ContainerdSource =
  | {
      readonly kind: 'release'
      /** URL without a final slash, below which the projects' releases are: `https://github.com`. */
      readonly base: string
      /** HTTP(S) proxy URL; undefined: the environment's HTTPS_PROXY and NO_PROXY. */
      readonly proxy: string | undefined
    }
  | {
      readonly kind: 'folder'
      /** Absolute path of the directory that has the releases' files, by their names. */
      readonly path: string
    }
