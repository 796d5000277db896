/**
 * Owners of a member's directories. Only its data and its WAL belong to etcd. A compromised etcd could replace
 * everything in a directory that it can write to, also while root works in it.
 */
import { describeLink, linkRemedy } from '../../../host/linked.ts'
import { type MemberState, type Ownership, PATHS, type PathState } from '../../../host/state.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { certificateNames } from './certificates.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { tlsOwner } from '../steps/certificates.ts'
import type { HostStep } from '../steps/steps.ts'
import type { FirstStart } from '../steps/unit.ts'

const ROOTS: Ownership = { owner: 'root', group: 'root', mode: '755' }

/** undefined: it has a WAL, or creates it in its data directory. */
export function firstStart({ etcd }: Cluster, state: MemberState | undefined): FirstStart | undefined {
  const { dataDirectory, walDirectory } = etcd
  if (state?.walPresent === true || walDirectory.startsWith(`${dataDirectory}/`)) return undefined
  return { dataDirectory, walDirectory }
}

/** `starts`: whether a first start is in progress, so that the directory above its WAL stays open. */
export function directorySteps(
  cluster: Cluster,
  host: string,
  state: MemberState,
  starts: 'go-on' | 'end' = 'go-on',
): HostStep[] {
  const { dataDirectory, walDirectory } = cluster.etcd
  const own = { owner: 'etcd', group: 'etcd', mode: '700' }
  const etcds = [
    { path: dataDirectory, ...own },
    ...(state.paths[walDirectory] === undefined || isHandedOver(cluster, state)
      ? []
      : [{ path: walDirectory, ...own }]),
  ].filter(({ path, ...rest }) => !isOwned(state.paths[path], rest))
  // root never works below an open directory: it is closed for that, and opened by the step that starts or waits.
  const mayBeOpen = starts === 'go-on' && etcds.length === 0
  const wanted = [
    { path: '/etc/etcd', owner: 'root', group: 'etcd', mode: '750' },
    ...parents(cluster)
      .filter((path) => !isRoots(state.paths[path]) && !(mayBeOpen && isOpened(cluster, path, state)))
      .map((path) => ({ path, ...ROOTS })),
    ...etcds,
  ]
  return wanted.flatMap(({ path, ...rest }): HostStep[] => {
    const now = state.paths[path]
    if (isOwned(now, rest)) return []
    const taken = now !== undefined && now.owner !== 'root' && rest.owner === 'root'
    const why =
      now === undefined
        ? 'missing'
        : `is ${describeOwner(now)}${taken ? `: ${now.owner} could replace files that root works on` : ''}`
    const what = `set up ${path} (${describeOwner(rest)})`
    return [{ kind: 'directory', host, path, ...rest, what, why, danger: 'none', creates: now === undefined }]
  })
}

/** Its WAL is in another user's data directory, in some adopted clusters: it changes its owner when its member starts. */
function isHandedOver({ etcd: { dataDirectory, walDirectory } }: Cluster, state: MemberState): boolean {
  const member = state.paths[`${dataDirectory}/member`]
  return walDirectory.startsWith(`${dataDirectory}/`) && member !== undefined && member.owner !== 'etcd'
}

/** The directories that contain data and WAL, outer ones first. */
function parents({ etcd: { dataDirectory, walDirectory } }: Cluster): readonly string[] {
  const both = [walDirectory, dataDirectory].map((path) => path.slice(0, path.lastIndexOf('/')))
  return [...new Set(both)]
    .filter((path) => path !== '' && !`${path}/`.startsWith(`${dataDirectory}/`))
    .toSorted((a, b) => a.length - b.length)
}

/** All users may enter it, and only root may change it. */
function isRoots(now: PathState | undefined): boolean {
  return now?.type === 'directory' && now.owner === 'root' && /^[0-7]?7[0145][15]$/.test(now.mode)
}

/** A first start is in progress: it is closed again when etcd has created its WAL. */
function isOpened(cluster: Cluster, path: string, state: MemberState): boolean {
  const first = firstStart(cluster, state)
  const now = state.paths[path]
  if (first === undefined || now === undefined || !first.walDirectory.startsWith(`${path}/`)) return false
  const starts = state.unit.active === 'active' || state.unit.active === 'activating'
  return starts && sameOwner(now, { owner: 'root', group: 'etcd', mode: '1775' })
}

/** quorate's own files; other files of an adopted cluster stay unchanged. */
const OWN_TLS = /^\/etc\/ssl\/etcd\/(?:(?:ca|etcd|peer|server)\.crt|(?:etcd|peer|server)\.key)?$/

const OWN_KEYS: readonly string[] = ['etcd', 'peer', 'server']

export function tlsModeSteps(host: string, state: MemberState): HostStep[] {
  // Before the first certificate of quorate, the directory may be another tool's: it is replaced with the first one.
  if (Object.keys(state.tls.keys).every((name) => !OWN_KEYS.includes(name))) return []
  const wrong = Object.entries(state.paths).filter(
    ([path, now]) => OWN_TLS.test(path) && now.type !== 'other' && !sameOwner(now, tlsOwner(path)),
  )
  if (wrong.length === 0) return []
  const why = wrong.map(([path, now]) => `${path} is ${describeOwner(now)}`).join('; ')
  return [{ kind: 'tls-modes', host, what: 'correct owners and modes of the TLS files', why, danger: 'none' }]
}

/** Objects that etcd, or another process, has put at a path of quorate's. Nothing changes until they are removed. */
export function foreignPathReasons(cluster: Cluster, { hosts }: Observed): readonly BlockReason[] {
  const { dataDirectory, walDirectory } = cluster.etcd
  const directories = [dataDirectory, walDirectory, ...parents(cluster)]
  const files = certificateNames(cluster).flatMap((name) => [`${name}.crt`, `${name}.key`])
  const tls = ['ca.crt', ...files].map((name) => `${PATHS.tls}/${name}`)
  return etcdNodes(cluster).flatMap(({ name: host }): BlockReason[] => {
    const paths = hosts[host]?.member?.paths ?? {}
    const strange = (path: string, wanted: PathState['type']): BlockReason[] => {
      const now = paths[path]
      // An adopted cluster's certificates may include links of root.
      if (now === undefined || now.type === wanted || (wanted === 'file' && now.owner === 'root')) return []
      if (now.leadsTo !== undefined && now.owner === 'root') {
        const link = { path, target: now.leadsTo }
        return [
          {
            host,
            message: describeLink(link),
            id: 'symbolic-link',
            hint: linkRemedy(link, cluster.etcd),
          },
        ]
      }
      const message = `${path} is not a ${wanted}, and belongs to the user ${now.owner}`
      const hint = `inspect it: ls -l ${path}. If you did not create it, etcd on ${host} may be compromised. Remove it, or put the ${wanted} back`
      return [{ id: 'etcd-owns-the-path', host, message, hint }]
    }
    return [
      ...directories.flatMap((path) => strange(path, 'directory')),
      ...tls.flatMap((path) => strange(path, 'file')),
    ]
  })
}

function isOwned(now: PathState | undefined, wanted: Ownership): boolean {
  return now !== undefined && sameOwner(now, wanted)
}

export function sameOwner(now: PathState, wanted: Ownership): boolean {
  return now.owner === wanted.owner && now.group === wanted.group && now.mode === wanted.mode
}

export function describeOwner(path: Ownership): string {
  return `${path.owner}:${path.group} ${path.mode}`
}
