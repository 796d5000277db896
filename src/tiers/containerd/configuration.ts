/** containerd's configuration, and the containerd version that it is for. Pure. */
import type { HostState } from '../../host/state.ts'
import type { CgroupDriver } from '../../kubernetes/cgroup-driver.ts'
import type { ContainerdSpec } from '../../spec/containerd.ts'
import { CONTAINERD, programDirectory, signature } from './files.ts'

export interface ContainerdSettings {
  readonly cluster: string
  readonly version: ContainerdVersion
  /**
   * The pause image that keeps a pod's namespaces. The kubelet uses the same name: otherwise, a node pulls another one
   * from a registry.
   */
  readonly sandboxImage: string
  readonly cgroupDriver: CgroupDriver
  /** The directory of CNI's plugins. */
  readonly cniDirectory: string
  /** Path of runc; undefined: it is searched in PATH. */
  readonly runc?: string | undefined
  /** No process gets a lower OOM score than it has: the node lacks the right for that (CAP_SYS_RESOURCE). */
  readonly restrictOomScore: boolean
}

export interface ContainerdVersion {
  readonly major: number
  readonly minor: number
}

/**
 * @param released the versions that come from releases
 * @returns the installed version; if none is installed, the one that the distribution is expected to have. A wrong
 *   expectation is corrected by the next observation: containerd 2 understands the configuration of 1.7.
 */
export function containerdVersion(
  { os, packageVersions }: HostState,
  released?: ContainerdSpec,
): ContainerdVersion {
  const known = released?.version ?? packageVersions?.[CONTAINERD.package] ?? ''
  const [, major, minor] = /^(?:\d+:)?(\d+)\.(\d+)/.exec(known) ?? []
  if (major !== undefined) return { major: Number(major), minor: Number(minor) }
  // Debian's unstable has no version number.
  const recent = os.id === 'debian' && !(Number(os.version) < 14)
  return recent ? { major: 2, minor: 1 } : { major: 1, minor: 7 }
}

/** Where packages put CNI's plugins. A manual installation uses the directory from CNI's own instructions. */
const PLUGIN_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '/usr/lib/cni': ['debian', 'ubuntu', 'opensuse-leap', 'opensuse-tumbleweed', 'sles', 'arch'],
  '/usr/libexec/cni': ['fedora', 'rhel', 'centos', 'rocky', 'almalinux', 'ol', 'alpine'],
}

/** The directory of CNI's plugins; before they are installed, the one that their package will use. */
export function cniDirectory(
  { os, services }: Pick<HostState, 'os' | 'services'>,
  released?: ContainerdSpec,
): string {
  if (released !== undefined) return programDirectory('cni-plugins', released.cni)
  const expected = Object.keys(PLUGIN_PACKAGES).find(
    (path) => PLUGIN_PACKAGES[path]?.includes(os.id) === true,
  )
  return services?.node?.plugins ?? expected ?? '/opt/cni/bin'
}

export function containerdConfiguration(settings: ContainerdSettings): string {
  const lines = settings.version.major >= 2 ? version3(settings) : version2(settings)
  return [signature(settings.cluster), ...lines, ''].join('\n')
}

function version2(settings: ContainerdSettings) {
  const { sandboxImage, cniDirectory: cni, restrictOomScore } = settings
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return [
    'version = 2',
    '',
    `[${cri}]`,
    `sandbox_image = "${sandboxImage}"`,
    ...(restrictOomScore ? ['restrict_oom_score_adj = true'] : []),
    '',
    `[${cri}.registry]`,
    'config_path = "/etc/containerd/certs.d"',
    '',
    `[${cri}.cni]`,
    `bin_dir = "${cni}"`,
    'conf_dir = "/etc/cni/net.d"',
    '',
    ...runc(cri, settings),
  ]
}

function version3(settings: ContainerdSettings) {
  const { version, sandboxImage, cniDirectory: cni, restrictOomScore } = settings
  const images = 'plugins."io.containerd.cri.v1.images"'
  const runtime = 'plugins."io.containerd.cri.v1.runtime"'
  const lists = version.major > 2 || version.minor >= 1
  return [
    'version = 3',
    '',
    `[${images}.pinned_images]`,
    `sandbox = "${sandboxImage}"`,
    '',
    `[${images}.registry]`,
    'config_path = "/etc/containerd/certs.d"',
    '',
    ...(restrictOomScore ? [`[${runtime}]`, 'restrict_oom_score_adj = true', ''] : []),
    `[${runtime}.cni]`,
    lists ? `bin_dirs = ["${cni}"]` : `bin_dir = "${cni}"`,
    'conf_dir = "/etc/cni/net.d"',
    '',
    ...runc(runtime, settings),
  ]
}

function runc(plugin: string, { cgroupDriver: driver, runc: program }: ContainerdSettings): string[] {
  return [
    `[${plugin}.containerd.runtimes.runc]`,
    'runtime_type = "io.containerd.runc.v2"',
    '',
    `[${plugin}.containerd.runtimes.runc.options]`,
    ...(program === undefined ? [] : [`BinaryName = "${program}"`]),
    `SystemdCgroup = ${driver === 'systemd'}`,
  ]
}
