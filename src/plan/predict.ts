/** What things should be like after a step: how a plan is printed beforehand, and what the simulation runs on. */
import { type HostState, type MemberState, PATHS } from '../host/state.ts'
import { parseEnvironmentFile } from '../etcd/environment-file.ts'
import { renderConfig } from '../flannel/config.ts'
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import type { Observed } from './observed.ts'
import { parsePin } from './pin.ts'
import { type HostStep, type Step, isHostStep } from './steps.ts'
import { UNKNOWN_YET } from './unknown.ts'

export function predict(cluster: Cluster, observed: Observed, step: Step): Observed {
  if (isHostStep(step)) {
    const host = observed.hosts[step.host]
    if (host === undefined) throw new TypeError(`${step.host} was not observed`)
    const changed = {
      ...observed,
      hosts: { ...observed.hosts, [step.host]: predictHost(host, step, observed) },
    }
    if (step.kind === 'certificates') {
      const fine = Object.fromEntries(step.names.map((name) => [name, []]))
      return { ...changed, certificates: { ...observed.certificates, [step.host]: fine } }
    }
    return step.kind === 'start' ? predictCluster(cluster, changed) : changed
  }
  switch (step.kind) {
    case 'authority':
      return { ...observed, authority: { bundle: UNKNOWN_YET } }
    case 'await-health':
      return observed.cluster
        ? { ...observed, cluster: { ...observed.cluster, problems: [] } }
        : predictCluster(cluster, observed)
    case 'verify':
      return observed.cluster ? { ...observed, cluster: { ...observed.cluster, verified: true } } : observed
    case 'network': {
      const text = renderConfig(step.network.config)
      return {
        ...observed,
        network: {
          v3: text,
          v2: step.network.v2 ? text : observed.network?.v2,
          leases: observed.network?.leases ?? [],
        },
      }
    }
  }
}

function predictHost(host: HostState, step: HostStep, observed: Observed): HostState {
  if (step.kind === 'packages') return { ...host, packages: [...host.packages, ...step.packages] }
  const { member } = host
  if (member === undefined) throw new TypeError(`${host.name} carries no etcd`)
  return { ...host, member: { ...member, ...predictMember(member, step, observed) } }
}

function predictMember(
  member: MemberState,
  step: Exclude<HostStep, { kind: 'packages' }>,
  observed: Observed,
): Partial<MemberState> {
  switch (step.kind) {
    case 'user':
      return { userShell: step.shell }
    case 'directory': {
      const { owner, group, mode } = step
      return { paths: { ...member.paths, [step.path]: { type: 'directory', owner, group, mode } } }
    }
    case 'binaries': {
      const binary = { sha256: UNKNOWN_YET, version: step.version }
      return { binaries: { ...member.binaries, etcd: binary, etcdctl: binary } }
    }
    case 'file': {
      const { owner, group, mode } = step
      const unit = step.path === PATHS.unit ? { ...member.unit, exists: true, path: step.path } : member.unit
      return {
        unit,
        contents: { ...member.contents, [step.path]: step.content },
        paths: { ...member.paths, [step.path]: { type: 'file', owner, group, mode } },
      }
    }
    case 'key': {
      const request = { csr: UNKNOWN_YET, configuration: step.configuration }
      return { tls: { ...member.tls, pending: { ...member.tls.pending, [step.name]: request } } }
    }
    case 'certificates': {
      const files = step.names.flatMap((name) => [
        [`${PATHS.tls}/${name}.crt`, owned('etcd', '644')] as const,
        [`${PATHS.tls}/${name}.key`, owned('etcd', '600')] as const,
      ])
      return {
        paths: {
          ...member.paths,
          [`${PATHS.tls}/`]: owned('etcd', '755', 'directory'),
          ...Object.fromEntries(files),
        },
        tls: {
          ca: observed.authority.bundle,
          pending: {},
          certificates: Object.fromEntries(step.names.map((name) => [name, { pem: UNKNOWN_YET }])),
          keys: Object.fromEntries(step.names.map((name) => [name, UNKNOWN_YET])),
        },
      }
    }
    case 'ca':
      return { tls: { ...member.tls, ca: observed.authority.bundle } }
    case 'tls-modes': {
      const paths = Object.entries(member.paths).map(([path, now]) => {
        if (!path.startsWith(`${PATHS.tls}/`)) return [path, now] as const
        const mode = path.endsWith('.key') ? '600' : path.endsWith('.crt') ? '644' : '755'
        return [path, { ...now, owner: 'etcd', group: 'etcd', mode }] as const
      })
      return { paths: Object.fromEntries(paths) }
    }
    case 'ready':
      return {}
    case 'reload':
      return { unit: { ...member.unit, needsReload: false } }
    case 'enable':
      return { unit: { ...member.unit, enabled: true, needsReload: false } }
    case 'start': {
      const environment = parseEnvironmentFile(member.contents[PATHS.environment] ?? '')
      return { dataPresent: true, walPresent: true, unit: { ...member.unit, active: 'active', environment } }
    }
  }
}

function owned(owner: string, mode: string, type: 'file' | 'directory' = 'file') {
  return { type, owner, group: owner, mode }
}

/** With every member started there is a healthy cluster. */
function predictCluster(cluster: Cluster, observed: Observed): Observed {
  const nodes = etcdNodes(cluster)
  const running = nodes.filter((node) => observed.hosts[node.name]?.member?.unit.active === 'active')
  if (running.length < nodes.length) return observed
  const pin = nodes
    .map((node) => observed.hosts[node.name]?.member?.contents[PATHS.clusterId])
    .find((text) => text !== undefined)
  return {
    ...observed,
    cluster: {
      id: observed.cluster?.id ?? (pin === undefined ? undefined : parsePin(pin)?.clusterId) ?? UNKNOWN_YET,
      members: nodes.map((node) => ({
        id: UNKNOWN_YET,
        name: node.name,
        peerUrls: [],
        clientUrls: [],
        learner: false,
      })),
      healthy: nodes.map((node) => node.name),
      problems: [],
      verified: observed.cluster?.verified ?? false,
    },
  }
}
