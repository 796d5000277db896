/**
 * Labels and taints that the cluster file gives a node, as a patch of its Node object. Pure.
 *
 * It changes nothing else of the node, because kubelets, controllers and people also write labels and taints. The same
 * patch records on the node what quorate set. So quorate can remove what the file no longer names, and keeps what it
 * only found. Server-side apply would work for labels, but taints are a single list with one owner.
 */
import * as z from 'zod'
import { NODE_NOTE, type NodeFacts, type NodeTaint } from '../api-facts.ts'

export interface NodeSettings {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
}

/** A merge patch. The API refuses it as a conflict if the node has changed since it was read. */
export interface NodePatch {
  readonly metadata: {
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string | null>>
    readonly annotations: Readonly<Record<string, string | null>>
  }
  readonly spec?: { readonly taints: readonly NodeTaint[] }
}

/** The content of the annotation: keys of labels, and keys of taints with their effect. */
const NOTE = z.object({ labels: z.array(z.string()), taints: z.array(z.string()) })
type Note = z.infer<typeof NOTE>

type Present = Pick<NodeFacts, 'labels' | 'taints' | 'noted' | 'resourceVersion'>

/** undefined: the node is as wanted. */
export function nodePatch(wanted: NodeSettings, present: Present): NodePatch | undefined {
  const before = readNote(present.noted)
  const labels = changedLabels(wanted, present, before)
  const taints = mergedTaints(wanted, present, before)
  const noted = noteText(noteOf(wanted, present, before))
  const sameTaints = sameSet(taints.map(fullText), present.taints.map(fullText))
  if (Object.keys(labels).length === 0 && sameTaints && noted === (present.noted ?? null)) return undefined
  return {
    metadata: { resourceVersion: present.resourceVersion, labels, annotations: { [NODE_NOTE]: noted } },
    ...(sameTaints ? {} : { spec: { taints } }),
  }
}

/** For operators: `label disk=ssd`, `no label zone`, `taint dedicated=db:NoSchedule`. */
export function describePatch({ metadata, spec }: NodePatch, present: Present): string {
  const labels = Object.entries(metadata.labels).map(([key, value]) =>
    value === null ? `no label ${key}` : `label ${key}=${value}`,
  )
  const taints = spec?.taints ?? present.taints
  const [after, before] = [taints.map(fullText), present.taints.map(fullText)]
  const added = after.filter((text) => !before.includes(text)).map((text) => `taint ${text}`)
  const kept = taints.map(taintId)
  const removed = present.taints.filter((taint) => !kept.includes(taintId(taint)))
  const words = [...labels, ...added, ...removed.map((taint) => `no taint ${fullText(taint)}`)]
  return words.length === 0 ? 'note what is set' : words.join(', ')
}

function changedLabels(wanted: NodeSettings, present: Present, before: Note): Record<string, string | null> {
  const set = Object.entries(wanted.labels).filter(([key, value]) => labelOf(present, key) !== value)
  const gone = before.labels.filter(
    (key) => !Object.hasOwn(wanted.labels, key) && labelOf(present, key) !== undefined,
  )
  return Object.fromEntries([...set, ...gone.map((key) => [key, null] as const)])
}

/** Taints of others in their order, then the wanted new ones. */
function mergedTaints(wanted: NodeSettings, present: Present, before: Note): readonly NodeTaint[] {
  const replaced = new Map(wanted.taints.map((taint) => [taintId(taint), taint]))
  const kept = present.taints
    .filter((taint) => replaced.has(taintId(taint)) || !before.taints.includes(taintId(taint)))
    .map((taint) => replaced.get(taintId(taint)) ?? taint)
  const there = new Set(kept.map(taintId))
  return [...kept, ...wanted.taints.filter((taint) => !there.has(taintId(taint)))]
}

/** Everything wanted, except what others had already set. */
function noteOf(wanted: NodeSettings, present: Present, before: Note): Note {
  const there = present.taints.map(fullText)
  return {
    labels: Object.entries(wanted.labels)
      .filter(([key, value]) => before.labels.includes(key) || labelOf(present, key) !== value)
      .map(([key]) => key)
      .toSorted(),
    taints: wanted.taints
      .filter((taint) => before.taints.includes(taintId(taint)) || !there.includes(fullText(taint)))
      .map(taintId)
      .toSorted(),
  }
}

/** null: nothing to record. */
function noteText(note: Note): string | null {
  return note.labels.length === 0 && note.taints.length === 0 ? null : JSON.stringify(note)
}

/** An annotation that can't be parsed, because it was edited, counts as none: then nothing is removed. */
function readNote(text: string | undefined): Note {
  try {
    return NOTE.parse(JSON.parse(text ?? ''))
  } catch {
    return { labels: [], taints: [] }
  }
}

function labelOf({ labels }: Present, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

/** What distinguishes the taints of a node for the API. */
function taintId({ key, effect }: NodeTaint): string {
  return `${key}:${effect}`
}

function fullText({ key, value = '', effect }: NodeTaint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`
}

function sameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one))
}
