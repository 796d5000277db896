/** The preview of an adoption, for people and as JSON. */
import { describeShape } from '../adopt/shape.ts'
import type { AdoptPreview } from '../verbs/adopt/adopt.ts'
import type { CliContext } from './context.ts'
import { planSummary, renderPlan } from './render-plan.ts'
import { stepJson } from '../tiers/etcd/steps/plan-json.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'
import type { AdoptJson } from './output/values.ts'

export function renderAdoption(preview: AdoptPreview, { colors, verbose }: CliContext): string {
  const { cluster, clusterId, members, remarks, plan, text } = preview
  const header = ['MEMBER', 'ADDRESS', 'VERSION', 'PID', 'RUN BY', 'DATA'].map(colors.dim)
  const rows = members.map((member) => [
    member.name,
    cluster.nodes.find(({ name }) => name === member.name)?.address ?? '-',
    member.version ?? '-',
    String(member.process.pid),
    describeShape(member),
    member.files.dataDirectory?.path ?? '-',
  ])
  const lines = remarks.map(({ host, message, severity }) => {
    const sign = severity === 'warning' ? colors.yellow('!') : colors.dim('·')
    return `  ${sign} ${host === undefined ? '' : `${host}: `}${oneLine(message)}\n`
  })
  const shown = text.split('\n').filter((line) => verbose || !/^\s*(#|$)/.test(line))
  return [
    `${colors.bold(`running cluster ${clusterId}`)}\n${renderTable([header, ...rows])}`,
    `${colors.bold('cluster file')}\n${shown.map((line) => `  ${line.replace(/\s+#\s.*$/, '')}\n`).join('')}`,
    `${colors.bold('notes')}\n${lines.join('')}`,
    `${colors.bold('changes of a later apply')} ${colors.dim('(adopt makes none of them)')}\n${renderPlan(plan, colors)}${planSummary(plan)}\n`,
    '',
  ].join('\n')
}

/** Documented in docs/guides/adopt.md. */
export function adoptJson(file: string, preview: AdoptPreview, changed: boolean): AdoptJson {
  const { cluster, clusterId, members, remarks, plan, text, steps } = preview
  return {
    changed,
    file,
    cluster: { name: cluster.name, id: clusterId },
    members: members.map((member) => ({
      name: member.name,
      etcdName: member.listed.etcdName ?? member.name,
      address: cluster.nodes.find(({ name }) => name === member.name)?.address ?? null,
      version: member.version ?? null,
      pid: member.process.pid,
      user: member.process.user,
      unit: member.process.unit?.name ?? null,
      runBy: describeShape(member),
    })),
    text,
    writes: steps.map(stepJson),
    remarks: remarks.map(({ id, host, message, severity }) => ({
      id,
      host: host ?? null,
      severity,
      message,
    })),
    plan: {
      changes: plan.waves.flat().length,
      waves: plan.waves.map((wave) => wave.map(stepJson)),
      blocked: plan.blocked,
    },
  }
}
