/**
 * Labels and taints that the cluster file gives a node, as a patch of its Node object. Pure.
 *
 * Nothing else of the node is touched: kubelets, controllers and people write labels and taints as well. What quorate set, it
 * notes on the node, in the same patch: so it can take away what the file names no more, and leaves alone what it only found.
 * Server-side apply would do for labels, but not for taints: these are one list with one owner.
 */
import * as z from 'zod'
import { NODE_NOTE, type NodeFacts, type NodeTaint } from '../api-facts.ts'

export interface NodeSettings {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
}

/** A merge patch, refused as a conflict if the node has changed since it was read. */
export interface NodePatch {
  readonly metadata: {
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string | null>>
    readonly annotations: Readonly<Record<string, string | null>>
  }
  readonly spec?: { readonly taints: readonly NodeTaint[] }
}

/** What the note says: keys of labels, and of taints with their effect. */
const NOTE = z.object({ labels: z.array(z.string()), taints: z.array(z.string()) })
type Note = z.infer<typeof NOTE>

type Present = Pick<NodeFacts, 'labels' | 'taints' | 'noted' | 'resourceVersion'>

/** undefined: the node is as it is wanted. */
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

/** In an operator's words: `label disk=ssd`, `no label zone`, `taint dedicated=db:NoSchedule`. */
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

/** Others' in their order, then the wanted ones that are new. */
function mergedTaints(wanted: NodeSettings, present: Present, before: Note): readonly NodeTaint[] {
  const replaced = new Map(wanted.taints.map((taint) => [taintId(taint), taint]))
  const kept = present.taints
    .filter((taint) => replaced.has(taintId(taint)) || !before.taints.includes(taintId(taint)))
    .map((taint) => replaced.get(taintId(taint)) ?? taint)
  const there = new Set(kept.map(taintId))
  return [...kept, ...wanted.taints.filter((taint) => !there.has(taintId(taint)))]
}

/** Of what is wanted, all but what is there already by somebody else's doing. */
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

/** null: nothing to note. */
function noteText(note: Note): string | null {
  return note.labels.length === 0 && note.taints.length === 0 ? null : JSON.stringify(note)
}

/** A note that can't be read, because somebody changed it, is none: then nothing is taken away. */
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

/** What the API tells taints of one node apart by. */
function taintId({ key, effect }: NodeTaint): string {
  return `${key}:${effect}`
}

function fullText({ key, value = '', effect }: NodeTaint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`
}

function sameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one))
}
