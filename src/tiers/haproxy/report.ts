/** What `status` reports about the load balancer: its API servers, and which node has the virtual address. */
import { type Note, noteText } from '../../engine/note.ts'
import type { AskNode, TierReport } from '../../engine/tier.ts'
import { type Cluster, type Node, nodesWith } from '../../spec/cluster.ts'
import { counted } from '../../spec/units.ts'
import { HAPROXY } from './plan/files.ts'
import { balancerLooks } from './looks.ts'

/** An interface: add, don't change. */
type BalancerNoteId =
  | 'balancer-not-running'
  | 'balancer-server-not-ready'
  | 'balancer-unknown'
  | 'virtual-address-missing'
  | 'virtual-address-on-several-nodes'

type BalancerNote = Note<BalancerNoteId>

/** One answer of `show stat`, by column. */
type Row = Readonly<Record<string, string>>

export async function balancerReport(cluster: Cluster, ask: AskNode): Promise<TierReport | undefined> {
  const { loadBalancer } = cluster
  if (loadBalancer === undefined) return undefined
  const nodes = nodesWith(cluster, 'service')
  const virtual = loadBalancer.virtualAddress
  const seen = await Promise.all(
    nodes.map(async (node) => {
      const question = ['ask', { socket: HAPROXY.socket, question: 'show stat -1 4 -1' }] as const
      const more = virtual === undefined ? [] : [['device', { addresses: [virtual] }] as const]
      return { node, found: await ask(node, [...balancerLooks(cluster, node), question, ...more]) }
    }),
  )
  const notes: BalancerNote[] = []
  const running = seen.flatMap(({ node, found }) => {
    if (found === undefined) {
      notes.push({ id: 'balancer-unknown', host: node.name, message: 'could not be asked' })
      return []
    }
    const active = found.services?.units[HAPROXY.unit]?.active
    if (active === 'active') return [{ node, rows: readStat(found.answers) }]
    const message = `HAProxy is ${active ?? 'not set up'}; quorate plan says what to do`
    notes.push({ id: 'balancer-not-running', host: node.name, message })
    return []
  })
  const masters = nodesWith(cluster, 'master')
  const unknown = running.length === 0 && seen.some(({ found }) => found === undefined)
  const up = (name: string) => running.some(({ rows }) => rows.some((row) => isUp(row, name)))
  const serving = masters.filter(({ name }) => up(name))
  if (running.length > 0) notes.push(...downNotes(masters, running))
  if (virtual !== undefined) notes.push(...holderNotes(virtual, seen))
  const where = virtual ?? nodes.map(({ name }) => name).join(', ')
  return {
    tier: 'haproxy',
    serving: unknown ? null : serving.length > 0,
    summary: `load balancer on ${where}, port ${loadBalancer.port}: ${serving.length} of ${counted(masters.length, 'API server')} ready`,
    notes: notes.map(noteText),
    noteDetails: notes,
  }
}

function downNotes(
  masters: readonly Node[],
  running: readonly { readonly node: Node; readonly rows: readonly Row[] }[],
): BalancerNote[] {
  return masters.flatMap(({ name }): BalancerNote[] => {
    const down = running.filter(({ rows }) => !rows.some((row) => isUp(row, name)))
    if (down.length === 0) return []
    const row = down[0]?.rows.find(({ pxname, svname }) => pxname === HAPROXY.backend && svname === name)
    const why = [row?.['check_status'], row?.['last_chk']].filter(Boolean).join(': ')
    const from =
      down.length === running.length ? '' : ` (seen from ${down.map(({ node }) => node.name).join(', ')})`
    const message = `its API server is not ready${why === '' ? '' : `: ${why}`}${from}`
    return [{ id: 'balancer-server-not-ready', host: name, message }]
  })
}

function holderNotes(
  virtual: string,
  seen: readonly { readonly node: Node; readonly found: Awaited<ReturnType<AskNode>> }[],
): BalancerNote[] {
  const holders = seen.filter(({ found }) => found?.services?.devices[virtual] !== undefined)
  if (holders.length === 1) return []
  if (holders.length === 0) {
    const unknown = seen.some(({ found }) => found === undefined)
    const message = `no service node has the virtual address ${virtual}`
    return unknown ? [] : [{ id: 'virtual-address-missing', host: null, message }]
  }
  const names = holders.map(({ node }) => node.name).join(' and ')
  const message = `${names} have the virtual address ${virtual} at once: they do not hear each other's VRRP`
  return [{ id: 'virtual-address-on-several-nodes', host: null, message }]
}

function isUp({ pxname, svname, status }: Row, name: string): boolean {
  return pxname === HAPROXY.backend && svname === name && status?.startsWith('UP') === true
}

/** CSV with a header, as HAProxy writes it. Values with commas are quoted, and none of those is read. */
export function readStat(lines: readonly string[]): readonly Row[] {
  const [header = '', ...rows] = lines.filter((line) => line !== '')
  const columns = header.replace(/^# /, '').split(',')
  return rows.map((line) => {
    const values = line.match(/("[^"]*"|[^,]*)(,|$)/g) ?? []
    return Object.fromEntries(
      columns.map((column, at) => [column, (values[at] ?? '').replace(/,$/, '').replaceAll('"', '')]),
    )
  })
}
