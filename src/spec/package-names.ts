/** Translates package names: the cluster file has Debian's, and each distribution its own. */

/** By package manager: the complete command, without the names. */
const COMMANDS: Readonly<Record<string, string>> = {
  'apt-get': 'apt-get install',
  dnf: 'dnf install',
  yum: 'yum install',
  zypper: 'zypper install',
  apk: 'apk add',
  pacman: 'pacman -S',
}

const RED_HAT: Readonly<Record<string, string>> = {
  iproute2: 'iproute',
  'libc-bin': 'glibc-common',
  conntrack: 'conntrack-tools',
  mount: 'util-linux',
  'openssh-client': 'openssh-clients',
  passwd: 'shadow-utils',
  procps: 'procps-ng',
}

/** Only names that differ from Debian's. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dnf: RED_HAT,
  yum: RED_HAT,
  zypper: {
    'libc-bin': 'glibc',
    conntrack: 'conntrack-tools',
    'containernetworking-plugins': 'cni-plugins',
    mount: 'util-linux',
    'openssh-client': 'openssh-clients',
    passwd: 'shadow',
  },
  apk: {
    'libc-bin': 'musl-utils',
    conntrack: 'conntrack-tools',
    'containernetworking-plugins': 'cni-plugins',
    passwd: 'shadow',
  },
  pacman: {
    'libc-bin': 'glibc',
    conntrack: 'conntrack-tools',
    'containernetworking-plugins': 'cni-plugins',
    mount: 'util-linux',
    'openssh-client': 'openssh',
    passwd: 'shadow',
    procps: 'procps-ng',
  },
}

/**
 * The command that root types to install these packages.
 *
 * @param installer as a node reports it; undefined: apt-get
 * @param packages Debian's names
 */
export function installCommand(installer: string | undefined, packages: readonly string[]): string {
  const program = installer ?? 'apt-get'
  const command = COMMANDS[program]
  const names = packages.map((name) => NAMES[program]?.[name] ?? name)
  if (command === undefined) return `install ${names.join(', ')} with what the distribution has for it`
  return `${command} ${names.join(' ')}`
}

/** Whether quorate itself can install packages with it. */
export function installsPackages(installer: string | undefined): boolean {
  return installer === undefined || installer === 'apt-get'
}
