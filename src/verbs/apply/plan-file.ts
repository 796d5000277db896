/** Saves a plan to a file, to review it now and carry it out later: only if nothing has changed since. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import { readBytes, readText } from '../../files/read-file.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { stepId } from '../../tiers/etcd/steps/kinds.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { type ApplyOptions, type PlanReport, wholeIntent } from './apply.ts'

const PlanFile = z.object({
  format: z.literal('quorate plan 2'),
  cluster: z.string(),
  clusterFileSha256: z.string(),
  /** The token that a new cluster would get. It is saved so that apply writes exactly the files that the plan shows. */
  token: z.string(),
  startStopped: z.boolean().optional(),
  /** By host: a fingerprint of everything that the plan depends on. */
  hosts: z.record(z.string(), z.string()),
  clusterState: z.string(),
  /** `sha256`: of everything in a step except its description. */
  steps: z.array(z.object({ id: z.string(), what: z.string(), why: z.string(), sha256: z.string() })),
})

/** Plans whose steps had no IDs: it can't be determined whether they are the same steps. */
const Older = z.object({ format: z.literal('quorate plan 1') })

/** Enough for hundreds of nodes with thousands of steps. */
const MOST_PLAN_BYTES = 64 * 1024 ** 2

/** The file holds no secret: plans contain no keys. */
export async function savePlan(path: string, report: PlanReport): Promise<void> {
  const { cluster, freshToken, startStopped } = report.intent
  const content: z.infer<typeof PlanFile> = {
    format: 'quorate plan 2',
    cluster: cluster.name,
    clusterFileSha256: await clusterFileSha256(cluster),
    token: freshToken,
    ...(startStopped === true ? { startStopped } : {}),
    ...fingerprints(report.observed),
    steps: shownSteps(report),
  }
  await replaceFile(path, `${JSON.stringify(content, null, 2)}\n`, 0o644)
}

/** Makes `apply` do exactly what the file says. @throws QuorateError `usage` or `moved`. */
export async function guardOf(path: string, cluster: Cluster, time: Date): Promise<ApplyOptions> {
  const saved = await read(path)
  if (saved.cluster !== cluster.name) {
    throw new QuorateError(
      'usage',
      `${path} is a plan for cluster '${saved.cluster}', not for '${cluster.name}'`,
      {
        hint: 'give its cluster file with -f',
      },
    )
  }
  if (saved.clusterFileSha256 !== (await clusterFileSha256(cluster))) {
    throw new QuorateError('moved', `stale plan: ${cluster.file} changed after ${path} was written`, {
      hint: `plan again: quorate plan --out ${path}`,
    })
  }
  const intent = wholeIntent(cluster, time, { token: saved.token, startStopped: saved.startStopped === true })
  return {
    intent,
    guard: async (observed) => {
      const now = fingerprints(observed)
      const moved = Object.keys({ ...saved.hosts, ...now.hosts }).filter(
        (host) => saved.hosts[host] !== now.hosts[host],
      )
      if (saved.clusterState !== now.clusterState) moved.push('the etcd cluster')
      if (moved.length === 0) {
        requireShown(path, saved.steps, shownSteps(plan(intent, observed)))
        return
      }
      throw new QuorateError(
        'moved',
        `stale plan ${path}: these changed after it was written: ${moved.join(', ')}`,
        {
          hint: `check the differences and plan again: quorate plan --out ${path}`,
        },
      )
    },
  }
}

type ShownStep = z.infer<typeof PlanFile>['steps'][number]

function shownSteps({ waves }: Plan): ShownStep[] {
  return waves.flat().map((step) => {
    const { what, why, ...carried } = step
    // The names of renamed files contain the time of the request, so they differ in every plan.
    const content = Object.entries(carried).filter(([key]) => key !== 'suffix')
    return { id: stepId(step), what, why, sha256: fingerprint(content) }
  })
}

/**
 * Apply carries out exactly what the file shows, because a person has approved that. If nodes and cluster file are
 * unchanged, a difference means an edited plan, or another version of quorate.
 */
function requireShown(path: string, shown: readonly ShownStep[], now: readonly ShownStep[]): void {
  const at = [...now, ...shown].findIndex((_, index) => {
    const [one, other] = [shown[index], now[index]]
    // The description decides nothing, but it is what a person has read and approved.
    const asRead = one?.what === other?.what && one?.why === other?.why
    return one?.id !== other?.id || one?.sha256 !== other?.sha256 || !asRead
  })
  if (at === -1) return
  throw new QuorateError(
    'moved',
    `stale plan ${path}: step ${at + 1} is ${stepText(shown[at])} in the file, but ${stepText(now[at])} now`,
    {
      id: 'stale-plan',
      hint: `plan again: quorate plan --out ${path} (the file was edited, the leader changed, or another version of quorate wrote it)`,
    },
  )
}

function stepText(step: ShownStep | undefined): string {
  if (step === undefined) return 'none'
  const { id, what, why } = step
  return `'${what}' (${id}; ${why})`
}

function fingerprints(observed: Observed): { hosts: Record<string, string>; clusterState: string } {
  const hosts = Object.entries(observed.hosts).map(([name, { bootId: _boot, member, services, ...host }]) => {
    // What changes without an operator's action, such as a process ID, doesn't make a plan stale.
    const { mainPid: _pid, ...unit } = member?.unit ?? { mainPid: 0 }
    const { room: _room, ...limits } = member?.limits ?? { room: {} }
    const lasting = member && { ...member, unit, limits }
    const { room: _free, ...node } = services?.node ?? {}
    const parts = services && { ...services, node }
    return [name, fingerprint([host, parts, lasting, observed.certificates[name]])] as const
  })
  const { cluster, network, beside = {} } = observed
  const tiers = TIERS.map(({ name, lasting }) => lasting?.(beside[name]))
  const members = cluster?.members.map(({ id, name, peerUrls, learner }) => [id, name, peerUrls, learner])
  return {
    hosts: Object.fromEntries(hosts),
    clusterState: fingerprint([cluster?.id, members, cluster?.problems, network, ...tiers]),
  }
}

function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')
}

async function clusterFileSha256(cluster: Cluster): Promise<string> {
  return createHash('sha256')
    .update(await readBytes(cluster.file))
    .digest('hex')
}

async function read(path: string): Promise<z.infer<typeof PlanFile>> {
  let value: unknown
  try {
    value = JSON.parse(await readText(path, { code: 'usage', maxBytes: MOST_PLAN_BYTES }))
  } catch (error) {
    throw QuorateError.from(error, 'usage', `can't read ${path} as a plan`)
  }
  const parsed = PlanFile.safeParse(value)
  if (parsed.success) return parsed.data
  if (Older.safeParse(value).success) {
    throw new QuorateError('usage', `${path} was written by an older version of quorate`, {
      id: 'plan-of-an-older-version',
      hint: `write it again with this version: quorate plan --out ${path}`,
    })
  }
  throw new QuorateError('usage', `${path} is not a plan of this version of quorate`, {
    hint: `write one: quorate plan --out ${path}`,
  })
}
