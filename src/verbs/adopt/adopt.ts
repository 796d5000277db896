/** `quorate adopt`: takes over a running cluster that another tool set up, without a restart. */
import { everyMachine } from '../../engine/locking.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Discovery } from '../../adopt/discover.ts'
import type { Remark } from '../../adopt/member.ts'
import { lookForEtcd } from '../../adopt/machine-facts.ts'
import type { Found } from '../../adopt/visit.ts'
import { QuorateError } from '../../errors.ts'
import { readClusterView } from '../../etcd/view.ts'
import { PATHS } from '../../host/state.ts'
import type { AskPassphrase, Authority } from '../../pki/authority.ts'
import { parseChain } from '../../pki/chain.ts'
import { openAuthority } from '../../pki/open.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import { UNKNOWN_YET } from '../../tiers/etcd/facts/unknown.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import { authorityIsThere } from '../../tiers/etcd/operator.ts'
import { runPlainWave } from '../../tiers/etcd/plain-wave.ts'
import { type Session, knownHostsFile } from '../../tiers/etcd/session.ts'
import { requireOwnState } from '../../files/state-folder.ts'
import { type Fleet, openFleet } from '../../ssh/fleet.ts'
import { type ConnectOptions, discoverAll, trustAll } from './connect.ts'
import { type Adoptable, type AuthorityWish, type DraftOptions, judgeDiscovery } from './observe.ts'
import { foreignSession } from './session.ts'
import { type AdoptStep, alreadyThere, markOf, pinSteps, readIfThere, writeFiles } from './write.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { packageWarnings } from '../../tiers/etcd/facts/package-notes.ts'

export interface AdoptOptions extends Omit<DraftOptions, 'authority'>, ConnectOptions {
  /** Where the CA's key is; undefined: search for it on the members. */
  readonly authority?: AuthorityWish | undefined
  /** Receives everything before anything is written; throws to stop. */
  readonly confirm: (preview: AdoptPreview) => Promise<void>
  readonly now: () => Date
  readonly askPassphrase: AskPassphrase
  readonly sudoPassword?: ((host: string, user: string) => Promise<string>) | undefined
  readonly interactive?: boolean | undefined
  /** Multiplies every deadline on nodes, for tests; default 1. */
  readonly patienceFactor?: number | undefined
}

export interface AdoptPreview extends Omit<Adoptable, 'bundle'> {
  /** What `apply` would do once the cluster is adopted. */
  readonly plan: Plan
  readonly remarks: readonly Remark[]
  /** What adopting itself writes on the nodes. */
  readonly steps: readonly AdoptStep[]
}

export interface AdoptReport extends AdoptPreview {
  /** False: the cluster was already adopted, and nothing was written. */
  readonly changed: boolean
}

/**
 * Reads the cluster over SSH, then writes the cluster ID file on every member and the cluster file on this workstation.
 * Restarts nothing and changes no setting. If it is interrupted, a second run completes it.
 *
 * @throws QuorateError `blocked` with every obstacle; `usage` if the file exists already with other content; `moved` if
 *   the cluster changed during the inspection; `locked`, `unreachable`, `host-key` …
 */
export async function adopt(options: AdoptOptions): Promise<AdoptReport> {
  const before = await readIfThere(options.file)
  const stateDirectory = path.resolve(path.dirname(options.file), '.quorate', options.name)
  requireOwnState(stateDirectory)
  const { sudoPassword, interactive, patienceFactor, signal } = options
  const knownHosts = knownHostsFile({ stateDirectory })
  await using fleet = await openFleet({ knownHosts, sudoPassword, interactive, patienceFactor, signal })
  await using discovery = await discoverAll(options, fleet, knownHosts)
  const adoptable = judgeDiscovery(discovery, { ...options, authority: options.authority })
  if (before !== undefined && before !== adoptable.text) throw alreadyThere(options.file)
  const { cluster } = adoptable
  const authority = await authorityOf(options, fleet, knownHosts, adoptable)
  const bundle = await trusted(authority, adoptable, signal)
  const found = new Map(
    adoptable.members.map(({ name, process }) => [name, foundOf(discovery, process.pid, name, adoptable)]),
  )
  const session = foreignSession({ ...options, cluster, found, bundle, fleet })
  const steps = pinSteps(adoptable)
  const { result } = await runVerb<Session, AdoptPreview, AdoptReport>(session, {
    name: 'adopt',
    decide: async (own, shown) => {
      const preview = shown ?? (await previewOf(own, adoptable, steps))
      if (shown !== undefined) await assertUnmoved(discovery, adoptable, own.signal)
      return steps.length === 0 && before !== undefined ? idle({ ...preview, changed: false }) : preview
    },
    confirm: options.confirm,
    scope: () => everyMachine(cluster),
    // The second inspection compares what runs, process by process.
    same: (shown, now) => shown === now,
    lookHint: 'quorate adopt --preview',
    probe: () => false,
    carryOut: async ({ session: own, lock, decision }) => {
      if (steps.length > 0) {
        await runPlainWave(own, lock, cluster.nodes, steps)
        await assertUnmoved(discovery, adoptable, own.signal)
      }
      // The first apply issues certificates from it. Without a CA on file, apply would take the members' CA for a lost
      // one.
      if (adoptable.bundle === undefined) await authority?.trust(own.signal)
      // Last, so that an interrupted run can be repeated.
      if (before === undefined) await writeFiles({ ...options, authority: options.authority }, adoptable)
      return { ...decision, changed: true }
    },
  })
  return result
}

async function previewOf(
  session: Session,
  adoptable: Adoptable,
  steps: readonly AdoptStep[],
): Promise<AdoptPreview> {
  const { foreseen, owned } = await foresee(session, adoptable)
  const given = steps.flatMap(({ kind, host, what, why }): Remark[] =>
    kind === 'directory'
      ? [{ id: 'changes-a-directory', host, severity: 'note', message: `adopt will ${what}: ${why}` }]
      : [],
  )
  const remarks = [...adoptable.remarks, ...owned, ...given]
  return { ...adoptable, steps, remarks, plan: foreseen }
}

/**
 * undefined: the CA's key is unreachable, and only the bundle that the members trust is known. Opening an authority
 * doesn't create one.
 */
async function authorityOf(
  options: AdoptOptions,
  fleet: Fleet,
  knownHosts: string,
  { cluster }: Adoptable,
): Promise<Authority | undefined> {
  if (cluster.pki.authority.home === 'offline' && options.authority === undefined) return undefined
  const { askPassphrase, now } = options
  return await openAuthority({
    cluster,
    askPassphrase,
    now,
    connect: async ({ hostName, ssh }) => {
      await trustAll(options, knownHosts, [{ name: hostName, ssh }])
      return await fleet.get(hostName, ssh)
    },
  })
}

/** The CA that members trust, or will trust. If they trust one already, the named or found CA must be the same. */
async function trusted(
  authority: Authority | undefined,
  { bundle, cluster }: Adoptable,
  signal: AbortSignal,
): Promise<string> {
  if (authority === undefined) return bundle ?? UNKNOWN_YET
  if (bundle === undefined)
    return (await authorityIsThere(cluster)) ? await authority.trust(signal) : UNKNOWN_YET
  const [named] = parseChain(await authority.chain(signal), 'the CA certificate')
  const [own] = parseChain(bundle, 'the CA certificate')
  if (named.fingerprint256 === own.fingerprint256) return bundle
  throw new QuorateError('pki', 'the given CA is not the one that the members trust', {
    id: 'not-the-ca-of-the-members',
    hint: `give the CA with the fingerprint ${own.fingerprint256}; to show one: openssl x509 -noout -fingerprint -sha256`,
  })
}

function foundOf(
  { found }: Discovery,
  pid: number,
  name: string,
  { members }: Pick<Adoptable, 'members'>,
): Found {
  const member = members.find((one) => one.name === name)
  const own = found.find(
    ({ destination, process: runs }) => destination === member?.destination && runs.pid === pid,
  )
  if (own === undefined) throw new TypeError(`${name} was not found`)
  return own
}

/** @throws QuorateError `moved` if what runs differs from what was inspected */
async function assertUnmoved(
  discovery: Discovery,
  { clusterId }: Adoptable,
  signal: AbortSignal,
): Promise<void> {
  const [again, view] = await Promise.all([
    Promise.all(discovery.found.map(async ({ remote }) => await lookForEtcd(remote, signal))),
    readClusterView(
      discovery.found.map(({ client }) => client),
      signal,
    ),
  ])
  const moved = discovery.found.flatMap(({ destination, facts }, index) => {
    const member = view.members[index]
    const same = isDeepStrictEqual(again[index]?.processes, facts.processes)
    const ours = member?.reachable === true && member.clusterId.toString(16) === clusterId
    return same && ours ? [] : [destination.host]
  })
  if (moved.length === 0) return
  throw new QuorateError('moved', `stale preview: etcd changed on ${moved.join(', ')}`, {
    hint: 'rerun quorate adopt to see the present state (etcd was restarted or changed)',
  })
}

/** What apply would change once the cluster ID files are in place, and which packages own the adopted files. */
async function foresee(
  session: Session,
  { cluster, clusterId, members }: Adoptable,
): Promise<{ readonly foreseen: Plan; readonly owned: readonly Remark[] }> {
  const observed = await observe(session)
  const hosts = Object.fromEntries(
    Object.entries(observed.hosts).map(([name, host]) => {
      const { member } = host
      const own = members.find((one) => one.name === name)
      if (member === undefined || own === undefined) return [name, host]
      const content = markOf(own, { cluster: cluster.name, clusterId })
      const paths = {
        ...member.paths,
        [PATHS.clusterId]: { type: 'file' as const, owner: 'root', group: 'root', mode: '644' },
      }
      const contents = { ...member.contents, [PATHS.clusterId]: content }
      return [name, { ...host, member: { ...member, paths, contents } }]
    }),
  )
  const marked: Observed = { ...observed, hosts }
  const owned = packageWarnings(cluster, observed).map(({ host, message, fix }): Remark => {
    const id = 'package-owns-the-unit'
    return fix === undefined
      ? { id, host, message, severity: 'note' }
      : { id, host, message: `${message}. Fix: ${fix}`, severity: 'warning' }
  })
  return { foreseen: plan(applyIntent(cluster, session.now()), marked), owned }
}
