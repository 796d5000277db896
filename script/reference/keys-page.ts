/** docs/reference/cluster-file-keys.md: every key of the cluster file, from its schema. */
import { type KeyEntry, keyEntries } from '../../src/cli/explain/keys.ts'
import { GENERATED_NOTE, code, escaped, table } from './markdown.ts'

export function keysPage(): string {
  const sections = Map.groupBy(keyEntries(), ({ path }) => path.split('.')[0] ?? '')
  const shown = [...sections].map(([name, entries]) => section(name, entries))
  return `# Cluster file keys

${GENERATED_NOTE}
This page lists every key of the cluster file with its type, default and limits. [Cluster file](cluster-file.md) describes how the keys
work together. \`quorate explain KEY\` prints the same for one key, without a network.

Words in capitals, like NAME, are names that you choose. Lists have no index: \`nodes.roles\` is a key of each node. An editor checks
the file with [cluster.schema.json](../../schema/cluster.schema.json).

${shown.join('\n')}`
}

function section(name: string, entries: readonly KeyEntry[]): string {
  const rows = entries.map((entry) => [code(entry.path), typeOf(entry), standard(entry), about(entry)])
  return `## ${name}\n\n${table(['key', 'type', 'default', 'meaning'], rows)}`
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
