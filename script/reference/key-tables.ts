/** The tables of docs/reference/cluster-file.md: every key of the cluster file, from its schema. */
import { type KeyEntry, keyEntries } from '../../src/cli/explain/keys.ts'
import { code, escaped, table } from './markdown.ts'

/** By the name of the part, `keys-etcd`: the table of a key and all below it. */
export function keyTables(): Readonly<Record<string, () => string>> {
  const sections = Map.groupBy(keyEntries(), ({ path }) => path.split('.')[0] ?? '')
  return Object.fromEntries([...sections].map(([name, entries]) => [`keys-${name}`, () => tableOf(entries)]))
}

function tableOf(entries: readonly KeyEntry[]): string {
  const rows = entries.map((entry) => [code(entry.path), typeOf(entry), standard(entry), about(entry)])
  return table(['key', 'type', 'default', 'meaning'], rows)
}

function typeOf({ type, limits }: KeyEntry): string {
  const shown = limits.map((limit) =>
    escaped(limit.replace(/must match (.+)$/, (_all, pattern: string) => `must match ${code(pattern)}`)),
  )
  return [escaped(type), ...shown].join('; ')
}

function standard({ required, default: value }: KeyEntry): string {
  if (required) return 'required'
  if (value === null) return ''
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}

function about({ description, examples }: KeyEntry): string {
  const shown = examples.map((one) => code(typeof one === 'string' ? one : JSON.stringify(one)))
  return `${escaped(description)}${shown.length === 0 ? '' : ` Example: ${shown.join(', ')}.`}`
}
