/** Partitions, as nftables rules for one machine's namespace. */

export interface NetworkCut {
  /** Only traffic with these addresses; undefined: with all addresses. */
  readonly peers?: readonly string[]
  /** Only TCP with one of these ports at either end; undefined: all traffic. */
  readonly ports?: readonly number[]
  /** The direction, as seen from the machine. */
  readonly direction?: 'in' | 'out' | 'both'
}

const TABLE = 'inet lab_cut'

/** Removes all cuts; an argument for nft. */
export const UNCUT = `table ${TABLE}\ndelete table ${TABLE}\n`

/** Rules that drop the traffic silently, as a broken network does, and replace an earlier cut; an argument for nft. */
export function cutRules(cut: NetworkCut): string {
  const direction = cut.direction ?? 'both'
  return `${UNCUT}table ${TABLE} {
  chain input {
    type filter hook input priority -300; policy accept;
    iif lo accept
${direction === 'out' ? '' : dropping(cut, 'saddr')}  }
  chain output {
    type filter hook output priority -300; policy accept;
    oif lo accept
${direction === 'in' ? '' : dropping(cut, 'daddr')}  }
}
`
}

function dropping({ peers, ports }: NetworkCut, side: 'saddr' | 'daddr'): string {
  const from =
    peers === undefined ? [''] : peers.map((peer) => `${peer.includes(':') ? 'ip6' : 'ip'} ${side} ${peer} `)
  const to =
    ports === undefined ? [''] : ['dport', 'sport'].map((end) => `tcp ${end} { ${ports.join(', ')} } `)
  return from.flatMap((peer) => to.map((port) => `    ${peer}${port}drop\n`)).join('')
}
