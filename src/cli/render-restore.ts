/** A restore for people: what it will do to the cluster, and its result. */
import type { RestoreReport } from '../verbs/restore/restore.ts'
import type { RestorePreview } from '../verbs/restore/preview.ts'
import { counted, formatBytes } from '../spec/units.ts'
import { stepJson } from '../tiers/etcd/steps/plan-json.ts'
import type { Consequences } from './consequences.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'
import { signedBy } from './render-signers.ts'
import type { RestorePreviewLine } from './output/lines.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'yellow'>

export function renderRestorePreview(cluster: string, preview: RestorePreview, colors: Painter): string {
  const { snapshot, moved, stopped, risks, plan } = preview
  const { name, revision, takenAt, member, etcdVersion, sizeBytes, keys, signer } = snapshot
  const facts = [
    `revision ${revision}`,
    ...(keys === undefined ? [] : [counted(keys, 'key')]),
    formatBytes(sizeBytes),
    ...(takenAt === undefined
      ? []
      : [`taken ${oneLine(takenAt)}${member === undefined ? '' : ` from ${oneLine(member)}`}`]),
    ...(etcdVersion === undefined ? [] : [`by etcd ${oneLine(etcdVersion)}`]),
  ]
  const waves = plan.waves.flatMap((steps) => {
    const kinds = Map.groupBy(steps, ({ what }) => what)
    return [...kinds].map(([what, own]) => {
      const hosts = own.flatMap(({ host }) => host ?? [])
      return `${hosts.length === 0 ? '' : `${hosts.join(', ')}: `}${oneLine(what)}`
    })
  })
  return [
    `${colors.bold(restoreTitle(cluster, name))} ${colors.dim(`(${facts.join(', ')})`)}`,
    ...(signer === undefined ? [] : [`  ${colors.dim(signedBy(signer, colors))}`]),
    ...waves.map((line, index) => `  ${index + 1}. ${line}`),
    ...moved.map(({ host, path }) => `  ${colors.dim('kept:')} ${host}: ${oneLine(path)}`),
    ...stopped.map(
      ({ host, what }) => `  ${colors.dim('stopped during the restore:')} ${host}: ${oneLine(what)}`,
    ),
    ...risks.map((risk) => `  ${colors.yellow('!')} ${oneLine(risk)}`),
    '',
  ].join('\n')
}

/** Of a restore that replaces data; undefined: it replaces none, or continues one that was confirmed. */
export function restoreLosses({
  replaces,
  continued,
  risks,
  moved,
}: RestorePreview): Consequences | undefined {
  if (!replaces || continued) return undefined
  const nodes = new Set(moved.map(({ host }) => host)).size
  return {
    loses: risks[0] ?? '',
    keeps: `the old data on ${counted(nodes, 'node')}, renamed`,
    downtime: 'until all members serve the restored data',
  }
}

export function restoreQuestion(cluster: string, { replaces, continued, snapshot }: RestorePreview): string {
  if (continued) return 'Continue this restore?'
  if (!replaces) return `Create cluster ${cluster} from this snapshot?`
  const taken = snapshot.takenAt === undefined ? '' : ` (taken ${snapshot.takenAt})`
  return `Replace all data of cluster ${cluster} with ${snapshot.name}${taken}.`
}

export function previewJson({
  plan,
  snapshot,
  presentRevision,
  ...rest
}: RestorePreview): RestorePreviewLine {
  const { revision, keys } = snapshot
  return {
    type: 'preview',
    ...rest,
    snapshot: {
      ...snapshot,
      revision: Number(revision),
      keys: keys === undefined ? undefined : Number(keys),
    },
    presentRevision: presentRevision === undefined ? undefined : Number(presentRevision),
    steps: plan.waves.flat().map(stepJson),
  }
}

export function renderRestored(
  { clusterId, moved, keys, revision }: RestoreReport,
  durationMs: number,
  colors: Painter,
): string {
  const lines = moved.map(({ host, path }) => `  ${colors.bold(host)}: the old data is in ${oneLine(path)}\n`)
  const seconds = (durationMs / 1000).toFixed(1)
  return `restored: ${counted(keys, 'key')} at revision ${revision}, cluster ID ${clusterId} (${seconds} s)\n${lines.join('')}`
}

/** The first words of a preview. @param name of the backup, or the file of a snapshot */
export function restoreTitle(cluster: string, name: string): string {
  return `restore of cluster ${cluster} from ${oneLine(name)}`
}
