/** Checks that each node is a separate machine. Clones share IDs and keys that must be unique. */
import type { Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

interface Seen {
  readonly node: Node
  readonly facts: Pick<HostFacts, 'identity' | 'addresses'>
}

/** No check for a node that resembles no earlier node of the cluster file. */
export function judgeTwins(seen: readonly Seen[]): Check[] {
  return seen.flatMap((one, index) => {
    const others = seen.slice(0, index)
    const same = others.find((other) => isSame(one, other))
    if (same !== undefined) return [sameMachine(one, same)]
    return others.flatMap((other) => cloned(one, other)).slice(0, 1)
  })
}

/** The same boot ID and the same addresses. Containers on one host share only the boot ID. */
function isSame({ facts: one }: Seen, { facts: other }: Seen): boolean {
  const addresses = [one, other].map((facts) =>
    (facts.addresses ?? [])
      .map(({ device, address }) => `${device} ${address}`)
      .sort()
      .join(),
  )
  const { boot } = one.identity
  return (
    boot !== undefined && boot === other.identity.boot && addresses[0] !== '' && addresses[0] === addresses[1]
  )
}

function sameMachine({ node }: Seen, { node: other }: Seen): Check {
  return judge(node.name, 'machine', 'Machine').failure({
    found: `the same machine as ${other.name}`,
    wanted: 'a separate machine for each node',
    remedy: 'compare `address` and `ssh.host` of the two in the cluster file',
  })
}

function cloned({ node, facts: one }: Seen, { node: other, facts: two }: Seen): Check[] {
  const keys = one.identity.hostKeys.some((key) => two.identity.hostKeys.includes(key))
  const machine = one.identity.machine !== undefined && one.identity.machine === two.identity.machine
  if (!keys && !machine) return []
  const what = [...(keys ? ['SSH host keys'] : []), ...(machine ? ['/etc/machine-id'] : [])]
  const remedies = [
    ...(keys ? ['rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh; then: quorate trust'] : []),
    ...(machine ? ['rm /etc/machine-id; systemd-machine-id-setup; reboot'] : []),
  ]
  return [
    judge(node.name, 'machine', 'Machine').warning({
      found: `a clone: it has the same ${what.join(' and ')} as ${other.name}`,
      wanted: 'a separate machine for each node',
      remedy: `on ${node.name}: ${remedies.join('; ')}`,
    }),
  ]
}
