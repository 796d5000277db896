/** The user and the group that a member runs as. What is there is used as it is, wherever it comes from. */
import { type AccountState, type UserState, accountConflicts, deniesLogin } from '../../../host/account.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { HostStep } from '../steps/steps.ts'

/** Of a user that quorate makes. */
export const NO_LOGIN = '/bin/false'

/** Makes what is missing. A shell with which nobody can log in is as good as another. */
export function accountSteps(host: string, { user, group }: AccountState): HostStep[] {
  const shell = user === undefined || isOpen(user) ? NO_LOGIN : user.shell
  const why = [
    ...(user === undefined ? ['there is no such user'] : []),
    ...(user !== undefined && user.shell !== shell ? [`its shell is ${user.shell || '/bin/sh'}`] : []),
    ...(user !== undefined && group === undefined ? ['there is no group etcd'] : []),
  ]
  if (why.length === 0) return []
  return [
    {
      kind: 'user',
      host,
      user: 'etcd',
      shell,
      what: 'set up the user etcd',
      why: why.join('; '),
      danger: 'none',
      creates: user === undefined,
    },
  ]
}

/** A login shell is closed where that is quorate's to do: not a directory service's user, and nobody's own login. */
function isOpen({ shell, source, password }: UserState): boolean {
  return !deniesLogin(shell) && source === 'files' && password !== 'set'
}

/** A number that is another's too: what belongs to etcd, keys and data, would belong to that one. */
export function accountReasons(cluster: Cluster, { hosts }: Observed): readonly BlockReason[] {
  return etcdNodes(cluster).flatMap(({ name: host }): BlockReason[] => {
    const account = hosts[host]?.member?.account
    if (account === undefined) return []
    return accountConflicts(account).map(({ message, fix }) => ({ host, message, hint: fix }))
  })
}
