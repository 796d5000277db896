/** The members' names in the cluster file: the name in etcd if it is valid for a node, else one derived from it. */
import type { ListedMember } from '../etcd/listed-member.ts'
import { ROLES } from '../spec/cluster.ts'
import { checkEtcdName } from '../spec/etcd-name.ts'
import { counted } from '../spec/units.ts'
import { checkName } from '../spec/values.ts'
import { hostOf } from './settings.ts'

/** Words that select nodes in commands. */
const RESERVED: ReadonlySet<string> = new Set([...ROLES, 'common'])

/** The limit of a DNS label. */
const MOST_CHARACTERS = 63

export interface NodeName {
  readonly name: string
  /** Why its name in etcd can't be kept; undefined: it can. */
  readonly lost: string | undefined
}

/**
 * By member ID. A member that never started has no name, and is left out. All names are distinct, both from each other
 * and from all names in etcd.
 */
export function nodeNames(listed: readonly ListedMember[]): ReadonlyMap<bigint, NodeName> {
  const started = listed.filter(({ name }) => name !== '')
  const count = Map.groupBy(started, ({ name }) => name)
  const isOwn = ({ name }: ListedMember) =>
    checkName(name) === undefined && !RESERVED.has(name) && count.get(name)?.length === 1
  // A name that one member has in etcd is never given to another node.
  const taken = new Set(started.map(({ name }) => name))
  return new Map(
    started.map((member): [bigint, NodeName] => {
      if (isOwn(member)) return [member.id, { name: member.name, lost: undefined }]
      const lost = reasonFor(member, count.get(member.name)?.length ?? 1)
      const [base = 'etcd'] = (lost === undefined ? wishes(member) : [byAddress(member)]).filter(
        (name, at, all) => at === all.length - 1 || !isShared(name, member, started),
      )
      const name = free(base, taken)
      taken.add(name)
      return [member.id, { name, lost }]
    }),
  )
}

/** The list with these names. */
export function withNodeNames(
  listed: readonly ListedMember[],
  names: ReadonlyMap<bigint, NodeName>,
): readonly ListedMember[] {
  return listed.map((member) => {
    const name = names.get(member.id)?.name ?? member.name
    return name === member.name ? member : { ...member, name, etcdName: member.name }
  })
}

function reasonFor({ name }: ListedMember, count: number): string | undefined {
  if (count > 1) return `${counted(count, 'member')} have it`
  return checkEtcdName(name)?.message
}

/** The best first: `etcd1` for `etcd1.example.org`, `etcd-192-168-1-1` for `etcd-192.168.1.1`. */
function wishes(member: ListedMember): readonly string[] {
  const labels = member.name.toLowerCase().split('.')
  const isHostName = labels.length > 1 && labels.every((one) => checkName(one) === undefined)
  const host = isHostName && /^[a-z]/.test(labels.at(-1) ?? '') ? [labels[0] ?? ''] : []
  const whole = tidy(member.name)
  return [...host, ...(whole === '' ? [] : [whole]), ...(whole === '' ? [byAddress(member)] : [])]
}

/** Another member's name would be shortened to the same. */
function isShared(name: string, member: ListedMember, all: readonly ListedMember[]): boolean {
  return all.some((other) => other !== member && (other.name === name || wishes(other)[0] === name))
}

function byAddress({ peerUrls: [url] }: ListedMember): string {
  const host = url !== undefined && URL.canParse(url) ? hostOf(new URL(url)) : ''
  return tidy(`etcd-${host}`)
}

function tidy(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MOST_CHARACTERS)
    .replaceAll(/^-+|-+$/g, '')
}

function free(base: string, taken: ReadonlySet<string>): string {
  const isFree = (name: string) => !taken.has(name) && !RESERVED.has(name)
  for (let number = 1; ; number++) {
    const tail = number === 1 ? '' : `-${number}`
    const name = `${base.slice(0, MOST_CHARACTERS - tail.length).replace(/-+$/, '')}${tail}`
    if (isFree(name)) return name
  }
}
