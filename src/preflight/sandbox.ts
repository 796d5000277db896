/** Checks that systemd can start a unit with etcd's sandbox, and which Linux security modules are active. */
import type { Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'
import type { Finding } from './rehearsal-facts.ts'

/** systemd.exec(5), "Process Exit Codes": the step that did not succeed. */
const STEPS: Readonly<Record<string, string>> = {
  '203': 'EXEC',
  '214': 'SETSCHEDULER',
  '217': 'USER',
  '218': 'CAPABILITIES',
  '219': 'CGROUP',
  '225': 'NETWORK',
  '226': 'NAMESPACE',
  '227': 'NO_NEW_PRIVILEGES',
  '228': 'SECCOMP',
  '232': 'ADDRESS_FAMILIES',
}

export function judgeSandbox(node: Node, facts: HostFacts, findings: readonly Finding[]): Check[] {
  return [...judgeUnitStart(node, facts, findings), judgeSecurity(node, facts)]
}

function judgeUnitStart(node: Node, { systemd }: HostFacts, findings: readonly Finding[]): Check[] {
  // If systemd is not the init system, another check has failed already.
  if (!systemd.booted) return []
  const check = judge(node.name, 'sandbox', 'Sandbox of the unit')
  const wanted = "a unit with etcd.service's restrictions starts"
  // systemd-run refuses some properties that a unit file may contain. An old systemd has a separate warning.
  const trouble = findings.find(({ said }) => !/Unknown assignment|Cannot set property/.test(said))
  if (trouble === undefined) return [check.ok({ found: 'starts', wanted })]
  const step = STEPS[trouble.path]
  return [
    check.failure({
      found: `${step === undefined ? '' : `systemd fails at the step ${step}: `}${trouble.said}`,
      wanted,
      remedy:
        'find what the node forbids: journalctl -b -u "quorate-preflight-*". In a container, allow nesting (user and mount namespaces, seccomp)',
    }),
  ]
}

function judgeSecurity(node: Node, { security: { selinux, apparmor } }: HostFacts): Check {
  const check = judge(node.name, 'security-modules', 'Security modules')
  const names = [...(selinux === undefined ? [] : [`SELinux ${selinux}`]), ...(apparmor ? ['AppArmor'] : [])]
  const found = names.join(', ') || 'neither SELinux nor AppArmor'
  if (selinux !== 'enforcing') return check.ok({ found })
  return check.warning({
    found,
    remedy:
      'if etcd does not start, look for denials: ausearch -m avc -ts recent (quorate is not tested with SELinux enforcing)',
  })
}
