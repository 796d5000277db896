/** Packages of the distribution that own etcd's unit, user or data, although quorate manages them. */

export interface PackageOwner {
  readonly manager: 'dpkg' | 'rpm'
  readonly name: string
  /** `apt-mark hold` is on: it is neither upgraded nor removed. */
  readonly held: boolean
  /** Purging it removes the user etcd. */
  readonly deletesUser: boolean
  /** Directories that purging it deletes. */
  readonly deletes: readonly string[]
}

/** @param lines what `look_owner` printed, without the word `owner` before each */
export function parseOwners(lines: readonly string[]): readonly PackageOwner[] {
  return lines.flatMap((line): PackageOwner[] => {
    const [manager = '', name = '', wanted = '', user = '', paths = ''] = line.split('|')
    if (manager !== 'dpkg' && manager !== 'rpm') return []
    // It becomes part of a command that the operator runs.
    if (!/^[\w.+-]{1,100}$/.test(name) || name.startsWith('-')) return []
    const deletes = paths.split(' ').filter((path) => path.startsWith('/'))
    return [{ manager, name, held: wanted === 'hold', deletesUser: user === 'user', deletes }]
  })
}

export interface OwnerWarning {
  /** Completes a sentence about the node. */
  readonly message: string
  /** Undefined: nothing to fix. */
  readonly fix: string | undefined
}

/** What a package would do to a member whose data and write-ahead log are in these directories. */
export function ownerWarning(owner: PackageOwner, directories: readonly string[]): OwnerWarning {
  const { name, manager, held } = owner
  const lost = [...new Set(directories)].filter((path) =>
    owner.deletes.some(
      (deleted) => `${path}/`.startsWith(`${deleted}/`) || `${deleted}/`.startsWith(`${path}/`),
    ),
  )
  const deleted = [...(owner.deletesUser ? ['the user etcd'] : []), ...owner.deletes]
  const purge =
    deleted.length === 0
      ? ''
      : `; purging it deletes ${deleted.join(' and ')}${lost.length > 0 ? `, including the member's data (${lost.join(', ')})` : ''}`
  const message = `the package ${name} still owns etcd.service${held ? ' (on hold)' : ''}: upgrading it restarts etcd, removing it stops etcd${purge}`
  if (held) return { message, fix: undefined }
  const hold = manager === 'dpkg' ? `apt-mark hold ${name}` : `dnf versionlock add ${name}`
  const elsewhere = lost.length > 0 ? `; never purge it while the data is in ${lost.join(', ')}` : ''
  return { message, fix: `${hold}${elsewhere}` }
}
