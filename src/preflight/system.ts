/** Checks that the node's operating system meets the requirements. */
import type { Cluster, Node } from '../spec/cluster.ts'
import { installCommand, installsPackages } from '../spec/package-names.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

const TESTED: Readonly<Record<string, readonly string[]>> = { debian: ['11', '12', '13'] }

/** The first systemd that knows ProtectProc= and ProcSubset=; older ones ignore unknown properties. */
const HARDENING_SYSTEMD = 247

/**
 * The first systemd whose systemd-run and journalctl have every option that quorate uses (--collect,
 * --output-fields).
 */
const LEAST_SYSTEMD = 236

/** Programs that quorate calls on a node, and the Debian package of each. */
export const TOOLS: Readonly<Record<string, string>> = {
  base64: 'coreutils',
  df: 'coreutils',
  getent: 'libc-bin',
  groupadd: 'passwd',
  ip: 'iproute2',
  mktemp: 'coreutils',
  openssl: 'openssl',
  sha256sum: 'coreutils',
  ss: 'iproute2',
  stat: 'coreutils',
  systemctl: 'systemd',
  'systemd-socket-activate': 'systemd',
  tar: 'tar',
  timeout: 'coreutils',
  useradd: 'passwd',
  usermod: 'passwd',
}

export function judgeSystem(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  return [
    judgeDistribution(node, facts),
    judgeSystemd(node, facts),
    judgeArchitecture(node, facts),
    judgeTools(cluster, node, facts),
    ...judgePackages(cluster, node, facts),
    judgeHostname(node, facts),
  ]
}

function judgeDistribution(node: Node, { os, kernel }: HostFacts): Check {
  const check = judge(node.name, 'os', 'Operating system')
  const found = os.name || kernel || 'unknown'
  const wanted = 'Debian 11, 12 or 13'
  if (kernel !== 'Linux')
    return check.failure({ found, wanted, remedy: 'install Linux with systemd on the node' })
  if (TESTED[os.id]?.includes(os.version)) return check.ok({ found, wanted })
  return check.warning({
    found,
    wanted,
    remedy: 'continue at your own risk: quorate is not tested on it (docs/reference/support-matrix.md)',
  })
}

function judgeSystemd(node: Node, { systemd }: HostFacts): Check {
  const check = judge(node.name, 'systemd', 'systemd')
  const wanted = `systemd ${HARDENING_SYSTEMD} or newer, as the running init system`
  if (!systemd.booted) {
    const found =
      systemd.version === undefined
        ? 'not installed'
        : `systemd ${systemd.version} is installed, but did not boot the node`
    return check.failure({
      found,
      wanted,
      remedy: 'boot the node with systemd: etcd runs as a systemd service',
    })
  }
  const found = `systemd ${systemd.version ?? '(unknown version)'}`
  if (systemd.version !== undefined && systemd.version >= HARDENING_SYSTEMD)
    return check.ok({ found, wanted })
  if (systemd.version !== undefined && systemd.version < LEAST_SYSTEMD) {
    const remedy = `upgrade the distribution: quorate needs systemd ${LEAST_SYSTEMD}`
    return check.failure({ found, wanted, remedy })
  }
  return check.warning({
    found,
    wanted,
    remedy: 'upgrade the distribution; until then etcd runs with less of its hardening',
  })
}

function judgeArchitecture(node: Node, { machine, bits }: HostFacts): Check {
  const check = judge(node.name, 'architecture', 'Architecture')
  const wanted = 'amd64 or arm64, 64 bit'
  const name = ARCHITECTURES[machine]
  const found = `${name ?? (machine || 'unknown')}${bits === 32 ? ', 32-bit userland' : ''}`
  if (name !== undefined && bits !== 32) return check.ok({ found, wanted })
  return check.failure({
    found,
    wanted,
    remedy: 'use a 64-bit node and operating system: etcd is not safe on 32 bit',
  })
}

/** The packages of the cluster file are installed before their tools are needed. */
function judgeTools({ packages: wanted }: Cluster, node: Node, facts: HostFacts): Check {
  const { missingTools, installer } = facts
  const check = judge(node.name, 'tools', 'Tools')
  if (missingTools.length === 0) return check.ok({ found: 'all installed' })
  const found = `missing: ${missingTools.join(', ')}`
  const packages = [...new Set(missingTools.map((tool) => TOOLS[tool] ?? tool))]
  const remedy = installCommand(installer, packages)
  if (installsPackages(installer) && packages.every((name) => wanted.includes(name))) {
    return check.warning({
      found,
      remedy: `continue: quorate apply installs ${packages.join(' ')}; or: ${remedy}`,
    })
  }
  return check.failure({ found, remedy })
}

/** No check if quorate can install the packages itself; the same rule as in `apply`. */
function judgePackages(
  { packages: wanted }: Cluster,
  node: Node,
  { installer, packages }: HostFacts,
): Check[] {
  if (installsPackages(installer)) return []
  const check = judge(node.name, 'packages', 'Packages')
  const missing = wanted.filter((name) => !packages.includes(name))
  if (missing.length === 0) return [check.ok({ found: 'all installed' })]
  const remedy = `${installCommand(installer, missing)} (quorate installs packages only with apt-get); or remove them from \`packages\` in the cluster file`
  return [check.failure({ found: `missing: ${missing.join(', ')}`, remedy })]
}

/** A host name may be fully qualified. Any other name of the node is accepted as well. */
function judgeHostname(node: Node, { hostname }: HostFacts): Check {
  const check = judge(node.name, 'hostname', 'Host name')
  const known = [node.name, ...node.names].flatMap((name) => [name, name.split('.')[0]])
  const finding = { found: hostname, wanted: node.name }
  if (known.includes(hostname) || known.includes(hostname.split('.')[0])) return check.ok(finding)
  return check.warning({
    ...finding,
    remedy: `check that it is the right node; if so: hostnamectl set-hostname ${node.name}, or rename the node to ${hostname} in the cluster file`,
  })
}
