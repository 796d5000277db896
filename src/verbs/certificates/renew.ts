/** `quorate certs renew`: leaf certificates issued anew while everything runs on, and looked at where they are served. */
import { everyMachine } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import { ageOf, assertCaLasts } from '../../pki/age.ts'
import { certificateNames, faultsOf } from '../../tiers/etcd/plan/certificates.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { withoutUnsigned } from '../../tiers/etcd/plan/peer-identity.ts'
import { type Plan, foresee } from '../../tiers/etcd/plan/plan.ts'
import { type AllDue, type DueCertificate, type RenewIntent, nextRenewal, sameDue } from './decide-renewal.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { awaitHealth } from '../../tiers/etcd/perform/health.ts'
import type { Lock } from '../../engine/lock.ts'
import { blockedError, loop } from '../../engine/loop.ts'
import { CERTIFICATES } from '../../tiers/etcd/facts/facets.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { runWave } from '../../tiers/etcd/wave.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { caEnd } from '../../pki/ca-end.ts'
import { type RenewedClient, dueClients, renewClients } from './renew-clients.ts'
import { type ServedCheck, checkServed } from './served.ts'
import { type DueScheduleCertificate, dueSchedule } from '../../schedule/certificate.ts'
import { renewSchedule } from './renew-schedule.ts'
import { type Under, idle, runVerb } from '../../engine/run-verb.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'
import { counted } from '../../spec/units.ts'

/** Renewed from this share of its life on, unless told otherwise. */
export const RENEW_AFTER = 2 / 3

export interface RenewOptions {
  /** Names of etcd nodes; all of them, the clients whose keys are kept here, and the schedule of backups, unless given. */
  readonly nodes?: readonly string[] | undefined
  /** From which share of its life on (0 to 1) a certificate is due; `RENEW_AFTER` unless given. */
  readonly olderThan?: number | undefined
  /** However young they are. */
  readonly all?: boolean | undefined
  /** The recorder beside it. */
  readonly probe?: ProbeChoice | undefined
  /** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
  readonly confirm: (preview: RenewPreview) => Promise<void>
}

export interface RenewPreview extends Plan {
  readonly due: readonly DueCertificate[]
  /** Names of clients whose certificates here are due as well. */
  readonly clients: readonly string[]
  /** The node whose schedule of backups has a certificate that is due; undefined: none has. */
  readonly schedule: string | undefined
}

export interface RenewReport {
  readonly done: readonly Step[]
  /** What every chosen member that runs serves on its two ports, after all. */
  readonly served: readonly ServedCheck[]
  readonly clients: readonly RenewedClient[]
  /** Of the node that takes backups by itself; undefined: it was not due, or there is none. */
  readonly schedule: { readonly host: string; readonly notAfter: string } | undefined
  /** What clients noticed; undefined: nothing was recorded. */
  readonly availability: Availability | undefined
}

/**
 * Nothing restarts, and no key changes unless something is wrong with it. Works as well once everything has expired: the
 * members find each other again by themselves.
 *
 * @throws QuorateError `pki` for a CA that is about to expire; `blocked` with every reason; `moved` if the machines
 * changed after they were shown; `locked`; `unhealthy` if a member goes on serving another certificate, or the cluster
 * does not come back. A second run does what is left.
 */
export async function renewCertificates(session: Session, options: RenewOptions): Promise<RenewReport> {
  const nodes = chosenNodes(session, options.nodes)
  const { result, availability } = await runVerb<Session, Decision, Renewed>(session, {
    name: 'certs renew',
    decide: async (own, shown) => {
      const decision = await lookForDue(own, nodes, options, shown)
      const { intent, preview, clients, schedule, observed } = decision
      if (intent.due.length === 0 && clients.length === 0 && schedule === undefined) {
        const served = await checkServed(own, nodes, observed)
        return idle({ done: [], served, clients: [], schedule: undefined })
      }
      if (preview.blocked.length > 0) throw blockedError(preview.blocked)
      return decision
    },
    confirm: async ({ preview, intent, clients, schedule }) =>
      await options.confirm({ ...preview, due: intent.due, clients, schedule: schedule?.node.name }),
    scope: () => everyMachine(session.cluster),
    same: sameDue,
    lookHint: 'quorate certs list',
    // Without valid certificates nobody is served, and there is nothing to record.
    probe: ({ observed }) => (faulty(session, observed).length > 0 ? false : options.probe),
    carryOut: async (under) => await renew(under, nodes),
    endsProven: true,
  })
  return { ...result, availability }
}

type Renewed = Omit<RenewReport, 'availability'>

interface Decision extends AllDue {
  readonly observed: Observed
  readonly preview: Plan
  readonly schedule: DueScheduleCertificate | undefined
}

/** @param shown the schedule is looked at again only where its certificate was due: what keeps it from being told was told */
async function lookForDue(
  session: Session,
  nodes: readonly Node[],
  options: RenewOptions,
  shown?: Decision,
): Promise<Decision> {
  const observed = await observe(session, CERTIFICATES)
  const intent = intentOf(session, nodes, observed, options)
  const share = shareOf(options)
  const alsoOthers = options.nodes === undefined
  const asksSchedule = alsoOthers && (shown === undefined || shown.schedule !== undefined)
  return {
    observed,
    intent,
    preview: foresee(session.cluster, observed, (state) => nextRenewal(intent, state)),
    clients: alsoOthers ? await dueClients(session, share) : [],
    schedule: asksSchedule ? await dueSchedule(session, share) : undefined,
  }
}

async function renew(
  { session, lock, decision: { observed, intent, clients, schedule } }: Under<Session, Decision>,
  nodes: readonly Node[],
): Promise<Renewed> {
  // All requests are to be carried to an offline CA at once, and the members' work stops for theirs.
  const offline = session.cluster.pki.authority.home === 'offline'
  const early = offline ? await renewClients(session, clients) : undefined
  const { done, after } = await renewMembers(session, lock, intent, observed)
  const served = await checkServed(session, nodes, after)
  const renewed = early ?? (await renewClients(session, clients))
  const scheduled = await renewScheduled(session, lock, schedule)
  await comeBack(session, observed, after)
  return { done, served, clients: renewed, schedule: scheduled }
}

async function renewScheduled(
  session: Session,
  lock: Lock,
  due: DueScheduleCertificate | undefined,
): Promise<RenewReport['schedule']> {
  if (due === undefined) return undefined
  const { node, pem } = await renewSchedule(session, lock, due)
  return { host: node.name, notAfter: ageOf(pem, session.now()).notAfter.toISOString() }
}

/** Nodes some certificate of which has more to it than its age; and than a name that no peer misses. */
function faulty({ cluster }: Session, { certificates }: Observed): readonly Node[] {
  return etcdNodes(cluster).filter(({ name }) =>
    Object.values(certificates[name] ?? {}).some((faults) =>
      faults.some(({ code }) => !MEMBER_NAME.has(code)),
    ),
  )
}

const MEMBER_NAME: ReadonlySet<string> = new Set(['member-name', 'member-name-unsigned'])

function chosenNodes({ cluster }: Session, names: readonly string[] | undefined): readonly Node[] {
  const all = etcdNodes(cluster)
  const unknown = names?.find((name) => !all.some((node) => node.name === name))
  if (unknown !== undefined) {
    throw new QuorateError('usage', `'${unknown}' is not an etcd node of the cluster file`, {
      hint: `use one of the etcd nodes: ${all.map(({ name }) => name).join(', ')}`,
    })
  }
  return names === undefined ? all : all.filter(({ name }) => names.includes(name))
}

function shareOf({ all, olderThan }: RenewOptions): number {
  return all === true ? 0 : (olderThan ?? RENEW_AFTER)
}

/** What is due now, judged by the clock. @throws QuorateError `pki` for a CA that can't help. */
function intentOf(
  session: Session,
  nodes: readonly Node[],
  observed: Observed,
  options: RenewOptions,
): RenewIntent {
  const { cluster, now } = session
  const due = nodes.flatMap((node) =>
    certificateNames(cluster).flatMap((name): DueCertificate[] => {
      const pem = observed.hosts[node.name]?.member?.tls.certificates[name]?.pem
      const why = whyDue(observed, node, name, pem, { share: shareOf(options), now: now() })
      return why === undefined ? [] : [{ host: node.name, name, pem, why }]
    }),
  )
  const { bundle } = observed.authority
  if (bundle !== undefined && due.length > 0) {
    const urgent = due.some(({ host, name }) =>
      faultsOf(observed, host, name).some(({ code }) => code === 'expired'),
    )
    assertCaLasts({ ...caEnd(cluster, bundle, now()), urgent })
  }
  return { kind: 'renew', cluster, due }
}

function whyDue(
  observed: Observed,
  node: Node,
  name: DueCertificate['name'],
  pem: string | undefined,
  { share, now }: { readonly share: number; readonly now: Date },
): string | undefined {
  const faults = faultsOf(withoutUnsigned(observed), node.name, name)
  if (pem === undefined || faults.length > 0) return faults.map(({ message }) => message).join('; ')
  const age = ageOf(pem, now)
  return age.share < share ? undefined : `is ${age.days} of ${counted(age.lifeDays, 'day')} old`
}

async function renewMembers(
  session: Session,
  lock: Lock,
  intent: RenewIntent,
  observed: Observed,
): Promise<{ readonly done: readonly Step[]; readonly after: Observed }> {
  const decide = (state: Observed) => nextRenewal(intent, state)
  const { done, observed: after } = await loop({
    observed,
    foreseen: foresee(session.cluster, observed, decide),
    decide,
    runWave: async (state, steps) => await runWave(session, lock, state, steps, CERTIFICATES),
    steps: session.steps,
    signal: session.signal,
  })
  return { done, after }
}

/** Members that had lost each other for want of valid certificates find each other again, without anybody's help. */
async function comeBack(session: Session, before: Observed, after: Observed): Promise<void> {
  const nodes = etcdNodes(session.cluster)
  const down = nodes.filter(({ name }) => (after.hosts[name]?.member?.unit.mainPid ?? 0) === 0)
  for (const { name } of down) {
    const text = 'the member is stopped: it uses the new certificate after its start'
    session.emit({ type: 'warning', host: name, text })
  }
  const others = faulty(session, after)
  for (const { name } of others) {
    const text =
      'the certificate of the member also needs renewal, but was not requested: quorate certs renew'
    session.emit({ type: 'warning', host: name, text })
  }
  // Where all were good before, whatever else keeps the cluster from health is not for us to wait for.
  const hopeful = down.length + others.length === 0
  if (hopeful && faulty(session, before).length > 0) await awaitHealth(session, after)
}
