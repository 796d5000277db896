/** Hints about a CA must lead somewhere: asks each command's own planner, in every state of members and CA. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import { scratch } from '../../pki/scratch.ts'
import { fingerprintsOf, trustMarkFile } from '../../pki/trust-mark.ts'
import { trustFile } from '../../pki/trust.ts'
import type { CertificateFault, Observed } from '../../tiers/etcd/facts/observed.ts'
import { foresee, plan } from '../../tiers/etcd/plan/plan.ts'
import { nextRenewal } from './decide-renewal.ts'
import { settledWorld, testCluster, testIntent, withMembers } from '../../tiers/etcd/plan/testing.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { requireBeginning, requireEnding } from './ca-outlook.ts'
import { isUnderWay, unretired } from '../../pki/ca-rotation-state.ts'
import { RENEW_WITH_ITS_KEY } from '../../pki/ca-renewal.ts'

const [OLD, NEW] = ['old', 'new'].map(
  (name) => `-----BEGIN CERTIFICATE-----\n${btoa(`the ${name} CA`)}\n-----END CERTIFICATE-----\n`,
) as [string, string]

const FAULTS: Readonly<Record<string, readonly CertificateFault[]>> = {
  none: [],
  expired: [{ code: 'expired', message: 'expired' }],
  old: [{ code: 'old-issuer', message: 'old' }],
  'old and expired': [
    { code: 'old-issuer', message: 'old' },
    { code: 'expired', message: 'expired' },
  ],
  foreign: [{ code: 'issuer', message: 'foreign' }],
}

interface State {
  readonly own: boolean
  readonly underWay: boolean
  /** What members trust since they started. */
  readonly told: string
  readonly faults: string
  readonly lapsed: boolean
  readonly expired: boolean
}

const folders: Record<'calm' | 'underWay', string> = { calm: '', underWay: '' }
beforeAll(() => {
  const base = scratch()
  for (const kind of ['calm', 'underWay'] as const) {
    folders[kind] = path.join(base, kind)
    mkdirSync(folders[kind])
  }
  writeFileSync(trustFile(folders.underWay), NEW + OLD)
})
afterAll(() => {
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true })
})

function clusterOf({ own, underWay }: State) {
  const base = testCluster()
  const files = own ? {} : { certificate: '/ca.crt', key: '/ca.key' }
  const authority = {
    ...base.pki.authority,
    home: 'local',
    passphrase: false,
    ...files,
  } as typeof base.pki.authority
  return {
    ...base,
    stateDirectory: underWay ? folders.underWay : folders.calm,
    pki: { ...base.pki, authority },
  }
}

function observedOf(state: State): Observed {
  const cluster = clusterOf(state)
  const settled = settledWorld(cluster)
  const { told } = state
  return {
    ...withMembers(settled, ({ tls, unit }) => ({
      tls: { ...tls, ca: told, mark: trustMarkFile(told) },
      unit: { ...unit, environment: { ...unit.environment, ...parseEnvironmentFile(trustMarkFile(told)) } },
    })),
    authority: {
      bundle: state.underWay ? NEW + OLD : NEW,
      ...(state.lapsed ? { lapsed: fingerprintsOf(OLD) } : {}),
      ...(state.expired
        ? {
            expired: {
              message: 'it expired',
              hint: `${RENEW_WITH_ITS_KEY}. Then: quorate apply`,
            },
          }
        : {}),
    },
    certificates: Object.fromEntries(
      Object.keys(settled.certificates).map((host) => [host, { etcd: FAULTS[state.faults] ?? [] }]),
    ),
  }
}

function thrown(work: () => void): { readonly hint: string } | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error
    return { hint: error.hint ?? '' }
  }
}

function firstOf(blocked: readonly { readonly hint?: string | undefined }[]) {
  return blocked.length === 0 ? undefined : { hint: blocked[0]?.hint ?? '' }
}

/** What the command is refused with; undefined: it continues. */
function refusal(command: string, state: State): { readonly hint: string } | undefined {
  const cluster = clusterOf(state)
  const observed = observedOf(state)
  const session = { cluster, now: () => new Date() } as unknown as Session
  const intent = testIntent(cluster)
  switch (command) {
    case 'apply':
    case 'plan':
      return firstOf(plan(intent, observed).blocked)
    case 'certs renew': {
      const due = Object.keys(observed.certificates).map((host) => {
        return { host, name: 'etcd' as const, pem: 'certificate etcd', why: 'is old' }
      })
      const renewal = foresee(cluster, observed, (seen) => nextRenewal({ kind: 'renew', cluster, due }, seen))
      return firstOf(state.expired ? [observed.authority.expired ?? {}] : renewal.blocked)
    }
    case 'certs rotate-ca':
      return isUnderWay(cluster)
        ? firstOf(plan(intent, observed).blocked)
        : thrown(() => requireBeginning(session, observed))
    case 'certs rotate-ca --finish': {
      const isThere = isUnderWay(cluster) || unretired(cluster) !== undefined
      return thrown(() => requireEnding(session, observed, isThere))
    }
    default:
      return undefined
  }
}

/** The first command that a hint names, unless the hint first requires something that no command does. */
function advised(hint: string): string | undefined {
  if (hint.startsWith(RENEW_WITH_ITS_KEY)) return undefined
  return /quorate ((?:certs rotate-ca(?: --(?:finish|abort))?)|certs renew|apply|plan)/.exec(hint)?.[1]
}

const STATES = [true, false].flatMap((own) =>
  [true, false].flatMap((underWay) =>
    [OLD, NEW, NEW + OLD].flatMap((told) =>
      Object.keys(FAULTS).flatMap((faults) =>
        [
          { lapsed: false, expired: false },
          { lapsed: true, expired: false },
          { lapsed: false, expired: true },
        ].map((validity): State => ({ own, underWay, told, faults, ...validity })),
      ),
    ),
  ),
)

/** A certificate is from the old CA only if both CAs are known. No command continues a rotation with a third CA. */
function canBe({ underWay, faults, told, lapsed }: State): boolean {
  if (faults.startsWith('old') && !underWay) return false
  if (faults === 'foreign' && underWay) return false
  return !lapsed || told.includes(OLD)
}

const BEGINNINGS = ['apply', 'certs renew', 'certs rotate-ca', 'certs rotate-ca --finish']

test('hints lead to no command twice, wherever one begins, and every refusal has one', () => {
  const wrong = new Set<string>()
  const states = STATES.filter(canBe)
  for (const state of states) {
    const known = new Map<string, ReturnType<typeof refusal>>()
    const ask = (command: string) => {
      if (!known.has(command)) known.set(command, refusal(command, state))
      return known.get(command)
    }
    for (const first of BEGINNINGS) {
      const way = [first]
      for (let command: string | undefined = first; command !== undefined;) {
        const found = ask(command)
        if (found?.hint === '') wrong.add(`${JSON.stringify(state)}: ${way.join(' -> ')}: no hint`)
        command = found === undefined ? undefined : advised(found.hint)
        if (command === undefined) break
        const again = way.includes(command)
        way.push(command)
        if (again) wrong.add(`${JSON.stringify(state)}: ${way.join(' -> ')}`)
        if (again) break
      }
    }
  }
  expect([...wrong]).toEqual([])
  expect(states.length).toBeGreaterThan(80)
})
