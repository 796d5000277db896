/** Partitions, as nftables rules for one machine's namespace. */

export interface NetworkCut {
  /** Only traffic with these addresses; all others where it is undefined. */
  readonly peers?: readonly string[]
  /** Only TCP with one of these ports at either end; everything where it is undefined. */
  readonly ports?: readonly number[]
  /** One way only, as seen from the machine. */
  readonly direction?: 'in' | 'out' | 'both'
}

const TABLE = 'inet lab_cut'

/** Takes all cuts away; an argument for nft. */
export const UNCUT = `table ${TABLE}\ndelete table ${TABLE}\n`

/** What drops the traffic, silently as a broken network does, in place of any cut before; an argument for nft. */
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
