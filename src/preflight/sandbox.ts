/** Does systemd here start what is shut in as etcd will be, and what else does the kernel guard? */
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
  // Without it as init there is a failure already.
  if (!systemd.booted) return []
  const check = judge(node.name, 'sandbox', 'Sandbox of the unit')
  const wanted = "a unit with etcd.service's restrictions starts"
  // systemd-run refuses a property that a unit file may hold all the same; an old systemd has a warning of its own.
  const trouble = findings.find(({ said }) => !/Unknown assignment|Cannot set property/.test(said))
  if (trouble === undefined) return [check.ok({ found: 'starts', wanted })]
  const step = STEPS[trouble.path]
  return [
    check.failure({
      found: `${step === undefined ? '' : `systemd fails at the step ${step}: `}${trouble.said}`,
      wanted,
      remedy:
        'see what the machine forbids: journalctl -b -u "quorate-preflight-*". In a container, allow nesting (user and mount namespaces, seccomp)',
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
      'quorate is not tested with SELinux in force; if etcd does not start, look for denials: ausearch -m avc -ts recent',
  })
}
