/**
 * The facts about a node that matter for Kubernetes, as the agent and preflight report them. What was not
 * reported is undefined.
 */
export interface NodeFacts {
  /** In use, with sizes in KiB. */
  readonly swap: readonly { readonly device: string; readonly kib: number }[]
  /** Version of the control groups, and the available controllers. */
  readonly cgroup: { readonly version: 1 | 2; readonly controllers: readonly string[] } | undefined
  /** The node is itself a container: `systemd-nspawn`. */
  readonly container: string | undefined
  /** CAP_SYS_RESOURCE is available. Without it no process on the node can get a lower OOM score. */
  readonly sysResource: boolean | undefined
  /** There is a route to the addresses of Services. */
  readonly reachesServices: boolean | undefined
  /** The network interface that has the node's address. */
  readonly device: string | undefined
  /** The file that names DNS servers which pods can reach; null: there is none. */
  readonly resolver: string | null | undefined
  /** The directory of CNI's plugins; undefined: none of the known directories contains any. */
  readonly plugins?: string | undefined
  /** The file system on which containerd keeps images. */
  readonly room: { readonly freeBytes: number; readonly sizeBytes?: number | undefined } | undefined
  /** Paths, or a package's name, that identify another Kubernetes or another containerd. */
  readonly foreign: readonly string[]
  /** URLs of the API servers in kubeconfigs, by path. */
  readonly servers: Readonly<Record<string, string>>
  /** Programs that listen, by port; only if no kubelet is set up yet. */
  readonly listeners: readonly { readonly port: number; readonly program: string }[]
}

/** The directories searched for CNI's plugins (`agent/node.sh`): the path becomes part of a configuration. */
const PLUGIN_DIRECTORIES: readonly string[] = ['/usr/lib/cni', '/usr/libexec/cni', '/opt/cni/bin']

/** @param lines without their first word */
export function parseNodeFacts(lines: readonly string[]): NodeFacts | undefined {
  if (lines.length === 0) return undefined
  const all = (key: string) =>
    lines.flatMap((line) => {
      const [first, ...words] = line.split(' ')
      return first === key ? [words] : []
    })
  const [version, ...controllers] = all('cgroup')[0] ?? []
  const [free, block, blocks] = (all('room')[0] ?? []).map(Number)
  const answer = (key: string, yes: string) => {
    const word = all(key)[0]?.[0]
    return word === undefined ? undefined : word === yes
  }
  return {
    swap: all('swap').map(([device = '', kib]) => ({ device, kib: Number(kib) })),
    cgroup:
      version === '1' || version === '2' ? { version: version === '1' ? 1 : 2, controllers } : undefined,
    container: all('container')[0]?.[0],
    sysResource: answer('sys-resource', '1'),
    reachesServices: answer('reaches', 'yes'),
    device: all('device')[0]?.[0],
    resolver: all('resolver')[0]?.[0] === 'none' ? null : all('resolver')[0]?.[0],
    plugins: PLUGIN_DIRECTORIES.find((path) => path === all('plugins')[0]?.[0]),
    room:
      free === undefined || block === undefined
        ? undefined
        : { freeBytes: free * block, sizeBytes: blocks === undefined ? undefined : blocks * block },
    foreign: all('foreign').map(([path = '']) => path),
    servers: Object.fromEntries(all('server').map(([path = '', url = '']) => [path, url])),
    listeners: all('listens').map(([port, ...program]) => ({
      port: Number(port),
      program: program.join(' '),
    })),
  }
}
