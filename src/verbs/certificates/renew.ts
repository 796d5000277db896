/** `quorate certs renew`: renews leaf certificates without a restart, and verifies that members serve the new ones. */
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

/** The share of its validity period after which a certificate is renewed, by default. */
export const RENEW_AFTER = 2 / 3

export interface RenewOptions {
  /**
   * Names of etcd nodes; default: all nodes, the clients whose keys are on this workstation, and the backup schedule.
   */
  readonly nodes?: readonly string[] | undefined
  /** The share of its validity period (0 to 1) after which a certificate is due; default: `RENEW_AFTER`. */
  readonly olderThan?: number | undefined
  /** Renews them whatever their age. */
  readonly all?: boolean | undefined
  /** The availability probe that runs during the renewal. */
  readonly probe?: ProbeChoice | undefined
  /** Receives what will be done before anything is; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: RenewPreview) => Promise<void>
}

export interface RenewPreview extends Plan {
  readonly due: readonly DueCertificate[]
  /** Names of clients whose certificates on this workstation are due as well. */
  readonly clients: readonly string[]
  /** The node whose backup schedule has a certificate that is due; undefined: none. */
  readonly schedule: string | undefined
}

export interface RenewReport {
  readonly done: readonly Step[]
  /** What every chosen and running member serves on its two ports afterwards. */
  readonly served: readonly ServedCheck[]
  readonly clients: readonly RenewedClient[]
  /** For the node with the backup schedule; undefined: nothing was due, or there is no schedule. */
  readonly schedule: { readonly host: string; readonly notAfter: string } | undefined
  /** Client-visible impact; undefined: not recorded. */
  readonly availability: Availability | undefined
}

/**
 * Restarts nothing, and keeps every key that is in order. Also works after everything has expired: the members
 * reconnect by themselves.
 *
 * @throws QuorateError `pki` for a CA that expires soon; `blocked` with every reason; `moved` if the nodes changed
 *   after the preview; `locked`; `unhealthy` if a member keeps serving another certificate, or the cluster does not
 *   recover. A second run completes the rest.
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
    // Without valid certificates no client is served, so there is nothing to record.
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

/**
 * @param shown the schedule is inspected again only if its certificate was due: an error of the inspection was reported
 *   already
 */
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
  // All requests should go to an offline CA together, and the members' renewal stops to wait for their certificates.
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

/** Nodes with a certificate that has a fault other than its age, or a missing name that no peer needs. */
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

/** What is due according to the clock. @throws QuorateError `pki` for a CA that can't sign. */
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

/** Waits for members that lost each other because their certificates expired: they reconnect by themselves. */
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
    session.emit({ type: 'warning', id: 'certificate-also-due', host: name, text })
  }
  // If all certificates were good before, don't wait for a cluster that is unhealthy for another reason.
  const hopeful = down.length + others.length === 0
  if (hopeful && faulty(session, before).length > 0) await awaitHealth(session, after)
}
