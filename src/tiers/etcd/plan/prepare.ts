/** What must change on one host before its member can run: packages, user, directories, binaries, files, keys. */
import { type HostState, type MemberState, PATHS } from '../../../host/state.ts'
import { accountSteps } from './account.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { certificateNames, faultsOf, keepsKey, requestConfiguration } from './certificates.ts'
import { describeOwner, directorySteps, sameOwner, tlsModeSteps } from './ground.ts'
import { goesDown } from '../facts/descent.ts'
import type { Observed } from '../facts/observed.ts'
import type { WantedFile } from './member-files.ts'
import { restartReasons } from './outdated.ts'
import type { HostStep } from '../steps/steps.ts'
import { presentVersion } from '../facts/present-version.ts'

export function packageSteps(
  { packages }: Cluster,
  host: HostState,
  wanted: readonly string[] = packages,
): HostStep[] {
  const missing = wanted.filter((name) => !host.packages.includes(name))
  if (missing.length === 0) return []
  return [
    {
      kind: 'packages',
      host: host.name,
      packages: missing,
      what: `install ${missing.join(', ')}`,
      why: `required on ${missing.every((name) => packages.includes(name)) ? 'every' : 'this'} node, and missing`,
      danger: 'none',
    },
  ]
}

/**
 * Everything on a member's host except its certificates and its start. `wanted`: the files that may be written now.
 * Changes that need a restart wait for the member's turn: an accidental restart would activate them. `starts`: whether
 * first starts that are in progress continue.
 */
export function memberSteps(
  cluster: Cluster,
  node: Node,
  observed: Observed,
  wanted: readonly WantedFile[],
  starts: 'go-on' | 'end' = 'go-on',
): HostStep[] {
  const host = node.name
  const architecture = observed.hosts[host]?.architecture ?? 'other'
  const state = observed.hosts[host]?.member
  if (state === undefined) throw new TypeError(`${host} was not observed`)
  const steps: HostStep[] = [...accountSteps(host, state.account)]
  // A running member doesn't get another version's binary before its turn either.
  const present = presentVersion(observed, host)
  const otherVersion =
    goesDown(cluster, observed, host) ||
    (state.unit.environment !== undefined && present !== undefined && present !== cluster.etcd.version)
  steps.push(
    ...directorySteps(cluster, host, state, starts),
    ...(otherVersion ? [] : binarySteps(cluster, host, architecture, state)),
  )
  const outdated = otherVersion || restartReasons(cluster, state, wanted).length > 0
  const files = wanted.filter(({ path }) => !outdated || path === PATHS.clusterId)
  steps.push(...configurationSteps(host, files, state))
  return [...steps, ...keySteps(cluster, node, observed, state), ...tlsModeSteps(host, state)]
}

/** Files that differ, and the systemd reload that they need. */
export function configurationSteps(
  host: string,
  wanted: readonly WantedFile[],
  state: MemberState,
): HostStep[] {
  const steps = wanted.flatMap((file) => fileSteps(host, file, state))
  const unitChanged = steps.some((step) => step.kind === 'file' && step.path === PATHS.unit)
  // A starting member is enabled while it becomes ready; and enabling reloads systemd's units.
  if (!state.unit.enabled && state.unit.active === 'active') {
    steps.push(enableStep(host))
  } else if ((unitChanged && state.unit.exists) || state.unit.needsReload) {
    const why = unitChanged ? 'the unit changes' : 'the unit on disk differs from the one systemd has loaded'
    steps.push({ kind: 'reload', host, what: 'reload systemd units (daemon-reload)', why, danger: 'none' })
  }
  return steps
}

export function enableStep(host: string): HostStep {
  const why = 'it is not started at boot'
  return { kind: 'enable', host, what: 'enable etcd.service', why, danger: 'none' }
}

export function binarySteps(
  cluster: Cluster,
  host: string,
  architecture: HostState['architecture'],
  state: MemberState,
): HostStep[] {
  const { version } = cluster.etcd
  const wrong = ['etcd', 'etcdctl'].filter((name) => state.binaries[name]?.version !== version)
  if (wrong.length === 0) return []
  const why = wrong.map((name) => {
    const binary = state.binaries[name]
    if (binary === undefined) return `${name} is missing`
    return binary.version === undefined
      ? `${name} is not the one that quorate installed`
      : `${name} has version ${binary.version}`
  })
  return [
    {
      kind: 'binaries',
      host,
      version,
      architecture,
      what: `install etcd ${version} (${architecture})`,
      why: why.join('; '),
      danger: 'none',
      creates: wrong.every((name) => state.binaries[name] === undefined),
    },
  ]
}

function fileSteps(host: string, file: WantedFile, state: MemberState): HostStep[] {
  const before = state.contents[file.path]
  const now = state.paths[file.path]
  if (before === file.content && now !== undefined && sameOwner(now, file)) return []
  const why =
    before === undefined
      ? 'missing'
      : before === file.content && now !== undefined
        ? `is ${describeOwner(now)}, not ${describeOwner(file)}`
        : 'differs from the cluster file'
  return [{ kind: 'file', host, ...file, before, what: `write ${file.path}`, why, danger: 'none' }]
}

/** Requests, mostly with new keys, for certificates to issue without a waiting request. */
export function keySteps(cluster: Cluster, node: Node, observed: Observed, state: MemberState): HostStep[] {
  const names = certificateNames(cluster)
  const faults = names.flatMap((name) => faultsOf(observed, node.name, name))
  if (faults.length === 0) return []
  return names.flatMap((name): HostStep[] => {
    const configuration = requestConfiguration(cluster, node, name, observed)
    if (state.tls.pending[name]?.configuration === configuration) return []
    const why = [...new Set(faults.map((fault) => fault.message))].join('; ')
    const keep = keepsKey(observed, node.name, name)
    return [
      {
        kind: 'key',
        host: node.name,
        name,
        configuration,
        algorithm: cluster.pki.algorithm,
        keep,
        what: keep
          ? `create a certificate request for the present key ${name}.key`
          : `create the key ${name}.key and its certificate request`,
        why: `the certificate ${why}`,
        danger: 'none',
        creates: !keep,
      },
    ]
  })
}
