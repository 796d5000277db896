/**
 * A member's name in etcd. quorate uses the node's name everywhere, and translates etcd's name only in the member's
 * settings and in etcd's answers. Both are the same unless the cluster file says otherwise.
 */
import type { Cluster, Node } from './cluster.ts'
import type { Complaint } from './problem.ts'
import { counted } from './units.ts'
import { oneLine } from './visible.ts'

/** etcd itself has no limit. */
const MOST_CHARACTERS = 255

export function etcdNameOf({ name, etcdName }: Pick<Node, 'name' | 'etcdName'>): string {
  return etcdName ?? name
}

/** The node whose member has this name in etcd; if there is none, the name itself. */
export function nodeNameOf({ nodes }: Pick<Cluster, 'nodes'>, etcdName: string): string {
  return nodes.find((node) => etcdNameOf(node) === etcdName)?.name ?? etcdName
}

/**
 * etcd accepts any text as a name. A name that ETCD_INITIAL_CLUSTER can't contain (`NAME=URL,NAME=URL`, etcd's
 * types.NewURLsMap) would prevent members from joining.
 */
export function checkEtcdName(text: string): Complaint | undefined {
  if (text === '') return { message: 'the name in etcd is empty', hint: "remove it: the node's name is used" }
  if (/[=,$]/.test(text)) {
    return {
      message: `"${text}" contains =, a comma or $: = and commas separate members in ETCD_INITIAL_CLUSTER, and systemd expands $`,
      hint: "remove etcdName: the node's name is used",
    }
  }
  if (text.length > MOST_CHARACTERS) {
    return {
      message: `the name in etcd has ${counted(text.length, 'character')}, at most ${MOST_CHARACTERS} are allowed`,
      hint: 'write a shorter one',
    }
  }
  if (oneLine(text) === text) return undefined
  return {
    message: `"${oneLine(text)}" has control characters in it, or spaces at an end`,
    hint: 'write what etcdctl member list prints, without these',
  }
}
