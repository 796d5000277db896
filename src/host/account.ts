/** The user and the group that etcd runs as, from the node's own files or from a directory service. */

export interface AccountState {
  /** undefined: there is no such user. */
  readonly user: UserState | undefined
  /** undefined: there is no such group. */
  readonly group: GroupState | undefined
}

/** `directory`: not in the node's own files, so that usermod and groupmod can't change it. */
export type AccountSource = 'files' | 'directory'

export interface UserState {
  readonly uid: number
  readonly gid: number
  /** Name of the group with this `gid`; undefined: no group has it. */
  readonly primaryGroup: string | undefined
  readonly home: string
  /** The login shell. Empty means /bin/sh. */
  readonly shell: string
  readonly source: AccountSource
  /** Whether a login with a password is possible; `unknown`: it is not in the node's own files. */
  readonly password: 'set' | 'empty' | 'locked' | 'unknown'
  /** Another user with this uid who comes first: files of the one are shown as the other's. */
  readonly sameUid: string | undefined
}

export interface GroupState {
  readonly gid: number
  readonly source: AccountSource
  /** Users that are listed in it. */
  readonly members: readonly string[]
  /** Another group with this gid that comes first. */
  readonly sameGid: string | undefined
}

/** @param lines what `look_account` printed, without the word `account` before each */
export function parseAccount(lines: readonly string[]): AccountState {
  const values = new Map(lines.map((line) => cut(line)))
  const user = /^(\d+) (\d+) (files|directory) (set|empty|locked|unknown)$/.exec(values.get('user') ?? '')
  const group = /^(\d+) (files|directory) (.*)$/.exec(values.get('group') ?? '')
  return {
    user:
      user === null
        ? undefined
        : {
            uid: Number(user[1]),
            gid: Number(user[2]),
            primaryGroup: values.get('primary'),
            home: values.get('home') ?? '',
            shell: values.get('shell') ?? '',
            source: user[3] as AccountSource,
            password: user[4] as UserState['password'],
            sameUid: values.get('uid-of'),
          },
    group:
      group === null
        ? undefined
        : {
            gid: Number(group[1]),
            source: group[2] as AccountSource,
            members: (group[3] ?? '').split(',').filter(Boolean),
            sameGid: values.get('gid-of'),
          },
  }
}

function cut(line: string): [string, string] {
  const at = line.indexOf(' ')
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

/** Whether a login with this shell gives no command line. */
export function deniesLogin(shell: string): boolean {
  return /\/(?:nologin|false|true|sync)$/.test(shell)
}

export interface AccountConflict {
  readonly message: string
  readonly fix: string
}

/** IDs that another account has as well: etcd's keys and data would also belong to that account. */
export function accountConflicts({ user, group }: AccountState): readonly AccountConflict[] {
  const conflicts: AccountConflict[] = []
  const owner = user?.uid === 0 ? 'root' : user?.sameUid
  if (user !== undefined && owner !== undefined)
    conflicts.push({
      message: `the user etcd has the same uid ${user.uid} as the user ${owner}: etcd would run as ${owner}`,
      fix: 'set a unique uid: usermod --uid NUMBER etcd; or remove the user, and quorate creates it again: userdel etcd',
    })
  const of = group?.gid === 0 ? 'root' : group?.sameGid
  if (group !== undefined && of !== undefined)
    conflicts.push({
      message: `the group etcd has the same gid ${group.gid} as the group ${of}, which could read the members' keys`,
      fix: 'set a unique gid: groupmod --gid NUMBER etcd; or remove the group, and quorate creates it again: groupdel etcd',
    })
  return conflicts
}
