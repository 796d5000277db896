/** Checks that etcd can run as the user etcd, and that no one else uses this account. */
import { type AccountState, accountConflicts, deniesLogin } from '../host/account.ts'
import { ownerWarning } from '../host/package-owner.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** A missing user or group is created. quorate uses an existing account with harmless differences as it is. */
export function judgeAccount(node: Node, { account }: HostFacts): Check[] {
  const { user, group } = account
  const check = judge(node.name, 'account', 'User etcd')
  const wanted = 'none, or a system user and a group whose IDs no other account has'
  const failures = accountConflicts(account).map(({ message, fix }) =>
    check.failure({ found: message, wanted, remedy: fix }),
  )
  if (failures.length > 0) return failures
  const warnings: Check[] = []
  if (user !== undefined && ['set', 'empty'].includes(user.password) && !deniesLogin(user.shell))
    warnings.push(
      check.warning({
        found: `the user etcd can log in (shell ${user.shell || '/bin/sh'}, password ${user.password}) and then read and change the member's data and keys`,
        wanted,
        remedy: 'if no person uses this login: usermod --lock --shell /bin/false etcd',
      }),
    )
  const others = (group?.members ?? []).filter((name) => name !== 'etcd')
  if (others.length > 0)
    warnings.push(
      check.warning({
        found: `the group etcd has other members, who can read the member's keys: ${others.join(', ')}`,
        wanted,
        remedy: others.every((name) => /^\w[\w.-]*$/.test(name))
          ? others.map((name) => `gpasswd --delete ${name} etcd`).join('; ')
          : 'remove them from the group: gpasswd --delete NAME etcd',
      }),
    )
  if (warnings.length > 0) return warnings
  return [check.ok({ found: describe(account), wanted })]
}

function describe({ user, group }: AccountState): string {
  if (user === undefined)
    return group === undefined ? 'none yet' : 'none yet; the group etcd exists and is used'
  const from = user.source === 'directory' ? ', from a directory service' : ''
  const missing = group === undefined ? '; the group etcd is missing and is created' : ''
  const primary = user.primaryGroup ?? `gid ${user.gid}`
  return `uid ${user.uid}${from}, primary group ${primary}${missing}`
}

/** Whether a package of the distribution owns the same unit, user or data. No check if there is no such package. */
export function judgePackage({ etcd }: Cluster, node: Node, { packagedBy }: HostFacts): Check[] {
  const check = judge(node.name, 'package', 'Package of etcd')
  return packagedBy.map((owner) => {
    const { message, fix } = ownerWarning(owner, [etcd.dataDirectory, etcd.walDirectory])
    return fix === undefined ? check.ok({ found: message }) : check.warning({ found: message, remedy: fix })
  })
}
