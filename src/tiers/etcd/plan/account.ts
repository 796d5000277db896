/** The user and group that a member runs as. Existing ones are used, wherever they come from. */
import { type AccountState, type UserState, accountConflicts, deniesLogin } from '../../../host/account.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { HostStep } from '../steps/steps.ts'

/** Home of a user that quorate creates. */
export const NO_LOGIN = '/bin/false'

/** Creates what is missing. Any shell that prevents login is fine. */
export function accountSteps(host: string, { user, group }: AccountState): HostStep[] {
  const shell = user === undefined || isOpen(user) ? NO_LOGIN : user.shell
  const why = [
    ...(user === undefined ? ['the user does not exist'] : []),
    ...(user !== undefined && user.shell !== shell ? [`its shell is ${user.shell || '/bin/sh'}`] : []),
    ...(user !== undefined && group === undefined ? ['group etcd does not exist'] : []),
  ]
  if (why.length === 0) return []
  return [
    {
      kind: 'user',
      host,
      user: 'etcd',
      shell,
      what: 'set up user etcd',
      why: why.join('; '),
      danger: 'none',
      creates: user === undefined,
    },
  ]
}

/** Removes a login shell, except from a directory service's user and from a person's own login. */
function isOpen({ shell, source, password }: UserState): boolean {
  return !deniesLogin(shell) && source === 'files' && password !== 'set'
}

/** A user ID or group ID that is shared with another account: that account would own etcd's keys and data too. */
export function accountReasons(cluster: Cluster, { hosts }: Observed): readonly BlockReason[] {
  return etcdNodes(cluster).flatMap(({ name: host }): BlockReason[] => {
    const account = hosts[host]?.member?.account
    if (account === undefined) return []
    return accountConflicts(account).map(({ message, fix }) => ({ host, message, hint: fix }))
  })
}
