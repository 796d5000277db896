/** The message for a node on which no member was found: what runs on it instead, and the fix. */
import type { BlockReason } from '../engine/step.ts'
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'
import { passesOn } from './role.ts'
import { type Settings, settingsOf } from './settings.ts'
import type { EtcdProcess, SeenService, MachineFacts } from './machine-facts.ts'

/** Text that others wrote has at most this many characters in a message of quorate. */
const WORDS = 200

/** For a node on which nothing runs that could be a member. Returns only the most informative fact. */
export function absence(host: string, facts: MachineFacts): BlockReason {
  const { processes, services, manifest, strangers } = facts
  const [proxy] = processes.flatMap((process) => {
    const role = passesOn(process, settingsOf(process))
    return role === undefined ? [] : [{ process, ...role }]
  })
  if (proxy !== undefined) {
    const to = proxy.to === undefined ? '' : `, which forwards to ${oneLine(proxy.to, WORDS)}`
    return {
      id: 'no-member-but-a-proxy',
      host,
      message: `no etcd member runs on the node: ${who(proxy.process)} is an etcd ${proxy.kind}${to}`,
      hint: 'name the nodes of the members instead of this one',
    }
  }
  const down = services.find(({ active }) => active !== 'active')
  if (down !== undefined) return stopped(host, down)
  if (manifest !== undefined)
    return {
      id: 'static-pod-does-not-run',
      host,
      message: `no etcd runs on the node, although ${manifest} asks the kubelet for one`,
      hint: 'find the cause on that node: journalctl -u kubelet -n 50; crictl ps -a --name etcd',
    }
  const [stranger] = strangers
  if (stranger !== undefined) {
    const user = oneLine(stranger.user, WORDS)
    return {
      id: 'etcd-of-another-user',
      host,
      message: `no etcd that can be adopted runs on the node: process ${stranger.pid}, called etcd, runs as the user ${user}`,
      hint: 'if that is the member, first run it as etcd (or root), with its data owned by etcd',
    }
  }
  return {
    id: 'no-etcd-on-the-node',
    host,
    message: 'no etcd runs on the node',
    hint: 'name nodes whose etcd runs: adopt reads the running process',
  }
}

/** For a process whose configuration file can't be read or parsed. */
export function unreadable(host: string, process: EtcdProcess, why: string): BlockReason {
  return {
    id: 'configuration-file-unreadable',
    host,
    message: `the settings of ${who(process)} can't be read from its configuration file: ${why}`,
    hint: 'restore the file as etcd read it at its start, or restart etcd with a readable one',
  }
}

/** For a process that could be a member, but doesn't answer as one. */
export function silent(host: string, process: EtcdProcess, facts: MachineFacts, why: string): BlockReason {
  const service = facts.services.find(({ name }) => name === process.unit?.name)
  const again = service === undefined || service.restarts === 0 ? '' : `, and systemd ${restarted(service)}`
  return {
    id: 'does-not-answer-as-a-member',
    host,
    message: `${who(process)} is called etcd and does not answer as a member: ${why}${again}`,
    hint: service === undefined ? "check that it is an etcd, and why it doesn't answer" : journal(service),
  }
}

/** `process 17 (etcd.service)` */
export function who({ pid, unit }: Pick<EtcdProcess, 'pid' | 'unit'>): string {
  return `process ${pid}${unit === undefined ? '' : ` (${oneLine(unit.name, WORDS)})`}`
}

/** `process 17 (etcd.service): member etcd1, data in /var/lib/etcd, clients at port 2379` */
export function describeProcess(process: EtcdProcess, settings: Settings, port: number | undefined): string {
  const { name = 'default', 'data-dir': data = `${name}.etcd` } = settings
  const where = port === undefined ? '' : `, clients at port ${port}`
  return `${who(process)}: member ${oneLine(name, WORDS)}, data in ${oneLine(data, WORDS)}${where}`
}

function stopped(host: string, service: SeenService): BlockReason {
  const name = oneLine(service.name, WORDS)
  if (service.active === 'inactive')
    return {
      id: 'etcd-unit-is-stopped',
      host,
      message: `no etcd runs on the node: ${name} is stopped`,
      hint: `if this node is a member, start it on the node: systemctl start ${name}`,
    }
  const failed =
    service.active === 'failed' ? `has failed (${oneLine(service.result, WORDS)})` : 'keeps failing'
  const again = service.restarts === 0 ? '' : `; systemd ${restarted(service)}`
  return {
    id: 'etcd-unit-fails',
    host,
    message: `no etcd runs on the node: ${name} ${failed}${again}`,
    hint: journal(service),
  }
}

function restarted({ restarts }: SeenService): string {
  return `restarted it ${counted(restarts, 'time')}`
}

function journal({ name }: SeenService): string {
  return `find the cause on that node: journalctl -u ${oneLine(name, WORDS)} -n 50`
}
