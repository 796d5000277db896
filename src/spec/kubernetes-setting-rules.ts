/**
 * Rules for single settings of Kubernetes' programs beyond their type, for mistakes that would stop the cluster or
 * expose it.
 */
import { goDuration } from './go-values.ts'
import { type Component, PROGRAMS } from './kubernetes-arguments.ts'
import type { ConfiguredProgram } from './kubernetes-fields.ts'
import { reservedArgument } from './kubernetes-reserved.ts'
import type { Reporter } from './report.ts'

type Arguments = Readonly<Record<string, string | number | boolean | undefined>>
type Fields = Readonly<Record<string, unknown>>

/** Directories that kubeadm mounts into its static pods; the API server also gets quorate's own directory. */
const SEEN = [
  '/etc/kubernetes/pki/',
  '/etc/ssl/certs/',
  '/etc/ca-certificates/',
  '/usr/share/ca-certificates/',
  '/usr/local/share/ca-certificates/',
]

export function checkArgumentsTogether(component: Component, settings: Arguments, report: Reporter): void {
  const place = (name: string) => ['kubernetes', component, 'arguments', name]
  const words = (name: string) => `kubernetes.${component}.arguments.${name}`
  if (component === 'apiServer') checkNodeRestriction(settings, report)
  else checkLeaderTimes(component, settings, report)
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'string' || !/(file|config)$/.test(name) || !value.startsWith('/')) continue
    if (SEEN.some((folder) => value.startsWith(folder)) || reservedArgument(component, name)) continue
    const message = `${words(name)}: ${PROGRAMS[component]} runs in a container, which sees few directories of its node, and not this one`
    report.warning(place(name), message, `put the file below ${SEEN[0]}`)
  }
}

/** Without this plugin a kubelet can change other nodes, and all pods. */
function checkNodeRestriction(settings: Arguments, report: Reporter): void {
  const [on, off] = ['enable-admission-plugins', 'disable-admission-plugins'] as const
  const has = (key: string) =>
    String(settings[key] ?? '')
      .split(',')
      .includes('NodeRestriction')
  const complain = (key: string, hint: string) => {
    const message = `kubernetes.apiServer.arguments.${key}: without NodeRestriction one node could change all others`
    report.error(['kubernetes', 'apiServer', 'arguments', key], message, hint)
  }
  if (settings[on] !== undefined && !has(on)) complain(on, 'add NodeRestriction, with a comma between')
  if (has(off)) complain(off, 'remove NodeRestriction')
}

/** The defaults of both programs, in ns. */
const LEASE = goDuration('15s') ?? 0n
const RENEW = goDuration('10s') ?? 0n
const RETRY = goDuration('2s') ?? 0n

/** The checks that client-go's leaderelection makes before a program starts. */
function checkLeaderTimes(component: Component, settings: Arguments, report: Reporter): void {
  const read = (name: string, standard: bigint): bigint =>
    settings[name] === undefined ? standard : (goDuration(String(settings[name])) ?? standard)
  const [lease, renew] = ['leader-elect-lease-duration', 'leader-elect-renew-deadline'] as const
  const retry = 'leader-elect-retry-period'
  const times = { lease: read(lease, LEASE), renew: read(renew, RENEW), retry: read(retry, RETRY) }
  const complain = (names: readonly string[], what: string) => {
    const name = names.find((one) => settings[one] !== undefined)
    if (name === undefined) return
    const message = `kubernetes.${component}.arguments.${name}: ${what}, or ${PROGRAMS[component]} does not start`
    report.error(['kubernetes', component, 'arguments', name], message, 'the defaults are 15s, 10s and 2s')
  }
  if (times.lease <= times.renew) complain([lease, renew], `${lease} must be longer than ${renew}`)
  // It waits up to a fifth longer than configured.
  if (times.renew * 5n <= times.retry * 6n)
    complain([renew, retry], `${renew} must be longer than 1.2 times ${retry}`)
}

export function checkFieldsTogether(
  program: ConfiguredProgram,
  fields: Fields,
  minor: string | undefined,
  report: Reporter,
): void {
  const path = (...names: readonly string[]) => ['kubernetes', program, 'configuration', ...names]
  const own = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined)
  const oneOf = (name: string, words: readonly string[]) => {
    const value = own(name)
    if (typeof value !== 'string' || words.includes(value)) return
    const message = `kubernetes.${program}.configuration.${name}: this is not known`
    report.error(path(name), message, `write one of ${words.join(', ')}`)
  }
  checkGates(program, own('featureGates'), report)
  if (program === 'kubelet') return oneOf('cgroupDriver', ['systemd', 'cgroupfs'])
  oneOf('mode', ['nftables', 'iptables', 'ipvs'])
  if (own('mode') === 'ipvs' && minor !== '1.34') {
    const message = 'kubernetes.kubeProxy.configuration.mode: ipvs is deprecated since Kubernetes 1.35'
    report.warning(path('mode'), message, 'write nftables, or remove it')
  }
  const client = own('clientConnection')
  if (typeof client === 'object' && client !== null && Object.hasOwn(client, 'kubeconfig')) {
    const message =
      'kubernetes.kubeProxy.configuration.clientConnection.kubeconfig: quorate sets this itself: kube-proxy has the token of its ServiceAccount'
    report.error(path('clientConnection', 'kubeconfig'), message, 'remove it', 'key')
  }
}

function checkGates(program: ConfiguredProgram, gates: unknown, report: Reporter): void {
  if (typeof gates !== 'object' || gates === null || Array.isArray(gates)) return
  for (const [name, value] of Object.entries(gates)) {
    if (typeof value === 'boolean') continue
    const path = ['kubernetes', program, 'configuration', 'featureGates', name]
    const message = `kubernetes.${program}.configuration.featureGates: a feature gate is true or false, and the program would not start with this`
    report.error(path, message, 'write true or false, without quotes')
  }
}
