/** How long the parts of a first apply with Kubernetes took, from the record that quorate keeps of it. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { OperationRecord } from '../src/engine/operation-record.ts'

/** Each part begins with the first wave that has a step of this kind, and ends where the next one begins. */
const PARTS = [
  ['connecting, looking, preflight', undefined],
  ['keys, programs and images', 'image'],
  ['etcd formed and verified', 'certificates'],
  ['certificates, the first API server', 'leaf-certificate'],
  ['the other nodes; all ready, DNS as well', 'kubeadm-phases'],
  ['the connectivity test', 'kubernetes-proof'],
] as const

/** Of the latest operation; in seconds. @throws Error if there is no record, or a part is missing in it */
export async function stagesOfApply(operations: string): Promise<Readonly<Record<string, number>>> {
  const names = (await readdir(operations)).filter((name) => name.endsWith('-apply.json'))
  const latest = names.toSorted().at(-1)
  if (latest === undefined) throw new Error(`no apply is recorded in ${operations}`)
  const record = JSON.parse(await readFile(path.join(operations, latest), 'utf8')) as OperationRecord
  const begins = PARTS.map(([, kind]) => (kind === undefined ? record.from : beginOf(record, kind)))
  const times = [...begins, record.until ?? ''].map((time) => Date.parse(time))
  return Object.fromEntries(
    PARTS.map(([what], at) => [what, ((times[at + 1] ?? NaN) - (times[at] ?? NaN)) / 1000]),
  )
}

function beginOf({ events }: OperationRecord, kind: string): string {
  const wave = events.find(
    (event) =>
      event['type'] === 'wave' &&
      (event['steps'] as readonly { kind: string }[]).some((step) => step.kind === kind),
  )
  if (wave === undefined) throw new Error(`no wave of the apply has a step of the kind ${kind}`)
  return wave['at'] as string
}
