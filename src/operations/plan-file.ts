/** A plan in a file: looked at today, carried out tomorrow, if and only if nothing has moved in between. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { replaceFile } from '../pki/atomic-file.ts'
import type { Observed } from '../plan/observed.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type ApplyOptions, type PlanReport, applyIntent } from './apply.ts'

const PlanFile = z.object({
  format: z.literal('quorate plan 1'),
  cluster: z.string(),
  clusterFileSha256: z.string(),
  /** The token a new cluster would get, so that the plan's files are the ones that will be written. */
  token: z.string(),
  /** By host: a fingerprint of everything that the plan rests on. */
  hosts: z.record(z.string(), z.string()),
  clusterState: z.string(),
  steps: z.array(
    z.object({ kind: z.string(), host: z.string().optional(), what: z.string(), why: z.string() }),
  ),
})

/** Holds no secret: keys are not part of any plan. */
export async function savePlan(path: string, report: PlanReport): Promise<void> {
  const { cluster, freshToken } = report.intent
  const content: z.infer<typeof PlanFile> = {
    format: 'quorate plan 1',
    cluster: cluster.name,
    clusterFileSha256: await clusterFileSha256(cluster),
    token: freshToken,
    ...fingerprints(report.observed),
    steps: report.waves.flat().map(({ kind, host, what, why }) => ({ kind, host, what, why })),
  }
  await replaceFile(path, `${JSON.stringify(content, null, 2)}\n`, 0o644)
}

/** What makes `apply` do exactly what the file says. @throws QuorateError `usage` or `moved`. */
export async function guardOf(path: string, cluster: Cluster, time: Date): Promise<ApplyOptions> {
  const saved = await read(path)
  if (saved.cluster !== cluster.name) {
    throw new QuorateError(
      'usage',
      `${path} is a plan for the cluster '${saved.cluster}', not for '${cluster.name}'`,
      {
        hint: 'name its cluster file with -f',
      },
    )
  }
  if (saved.clusterFileSha256 !== (await clusterFileSha256(cluster))) {
    throw new QuorateError('moved', `${cluster.file} was changed since ${path} was planned`, {
      hint: `plan again: quorate plan --out ${path}`,
    })
  }
  return {
    intent: applyIntent(cluster, time, saved.token),
    confirm: async (observed) => {
      const now = fingerprints(observed)
      const moved = Object.keys({ ...saved.hosts, ...now.hosts }).filter(
        (host) => saved.hosts[host] !== now.hosts[host],
      )
      if (saved.clusterState !== now.clusterState) moved.push('the etcd cluster')
      if (moved.length === 0) return
      throw new QuorateError(
        'moved',
        `not as they were when ${path} was planned: ${moved.join(', ')}. Nothing was changed`,
        {
          hint: `see what is different and plan again: quorate plan --out ${path}`,
        },
      )
    },
  }
}

function fingerprints(observed: Observed): { hosts: Record<string, string>; clusterState: string } {
  const hosts = Object.entries(observed.hosts).map(([name, { bootId: _boot, member, ...host }]) => {
    // What changes by itself, without anybody touching the host, is no move.
    const { mainPid: _pid, ...unit } = member?.unit ?? { mainPid: 0 }
    return [name, fingerprint([host, member && { ...member, unit }, observed.certificates[name]])] as const
  })
  const { cluster, network } = observed
  const members = cluster?.members.map(({ id, name, peerUrls, learner }) => [id, name, peerUrls, learner])
  return {
    hosts: Object.fromEntries(hosts),
    clusterState: fingerprint([cluster?.id, members, cluster?.problems, network]),
  }
}

function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')
}

async function clusterFileSha256(cluster: Cluster): Promise<string> {
  return createHash('sha256')
    .update(await readFile(cluster.file))
    .digest('hex')
}

async function read(path: string): Promise<z.infer<typeof PlanFile>> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw QuorateError.from(error, 'usage', `${path} can't be read as a plan`)
  }
  const parsed = PlanFile.safeParse(value)
  if (parsed.success) return parsed.data
  throw new QuorateError('usage', `${path} is not a plan that this quorate wrote`, {
    hint: `write one: quorate plan --out ${path}`,
  })
}
