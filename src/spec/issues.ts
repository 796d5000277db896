/** Explains zod's issues with a cluster file to its author. */
import { RECOMMENDED_VERSION } from './defaults.ts'
import type { z } from 'zod'
import type { Path, YamlDocument } from './document.ts'
import { RECOMMENDED_KUBERNETES, exampleKubernetesVersion } from './kubernetes-versions.ts'
import { nearest } from './nearest.ts'
import { label, valueAt } from './report.ts'
import type { Report } from './report.ts'
import { keysAt } from './schema-keys.ts'
import { exampleVersion } from './values.ts'

type Issue = z.core.$ZodIssue

/** Every issue as one report, or as one for each unknown key. */
export function explainIssues(issues: readonly Issue[], document: YamlDocument): readonly Report[] {
  return flatten(issues).flatMap((issue) => explain(issue, document))
}

/** The data without the faulty values, so that further checks can process the rest. */
export function withoutFaults(data: unknown, issues: readonly Issue[]): unknown {
  const copy: unknown = structuredClone(data)
  for (const issue of flatten(issues)) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) remove(copy, [...issue.path, key])
    } else blank(copy, issue.path)
  }
  return issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type') ? {} : copy
}

function remove(data: unknown, path: Path): void {
  const parent = valueAt(data, path.slice(0, -1))
  if (isRecord(parent)) delete parent[path.at(-1)!]
}

/** Removes only the value: its key still exists for other checks, and later items of a list keep their positions. */
function blank(data: unknown, path: Path): void {
  const parent = valueAt(data, path.slice(0, -1))
  if (path.length > 0 && isRecord(parent) && Object.hasOwn(parent, path.at(-1)!))
    parent[path.at(-1)!] = undefined
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}

/** Of a union's branches, only the one that was most likely intended: the one that matches furthest. */
function flatten(issues: readonly Issue[], base: Path = []): readonly Issue[] {
  return issues.flatMap((issue): readonly Issue[] => {
    const path = [...base, ...issue.path]
    const moved = { ...issue, path } as Issue
    if (issue.code !== 'invalid_union') return [moved]
    const meant = issue.errors.find((branch) =>
      branch.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    )
    return meant === undefined ? [moved] : flatten(meant, path)
  })
}

function explain(issue: Issue, document: YamlDocument): readonly Report[] {
  const { path } = issue
  const value = valueAt(document.data, path)
  const name = label(path, document.data)
  const report = (message: string, hint?: string): Report[] => [
    { severity: 'error', path, message, ...(hint === undefined ? {} : { hint }) },
  ]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map((key) => unknownKey(path, key, known, document.data))
  }
  if (value === undefined && issue.code !== 'custom') return report(`${name} is missing`, missingHint(path))
  if (value === null) return report(`${name} is empty`, 'give it a value, or remove the key')
  switch (issue.code) {
    case 'invalid_type':
      return report(...wrongType(issue.expected, value, path, name, document))
    case 'invalid_union':
      return report(...wrongChoice(path, name, value))
    case 'invalid_value':
      return report(...unknownWord(name, value, issue.values.map(String)))
    case 'too_small':
      if (Array.isArray(value)) return report(`${name} is an empty list`, missingHint(path))
      return report(`${name}: ${shown(value)} is too small`, `write ${String(issue.minimum)} or more`)
    case 'too_big':
      return report(`${name}: ${shown(value)} is too large`, `write ${String(issue.maximum)} or less`)
    case 'custom': {
      const hint: unknown = issue.params?.['hint']
      return report(`${name}: ${issue.message}`, typeof hint === 'string' ? hint : undefined)
    }
    case 'invalid_format':
      return report(
        `${name}: ${shown(value)} is not an etcd key prefix`,
        'write one like /coreos.com/network',
      )
    default:
      return report(`${name}: ${issue.message}`)
  }
}

function unknownKey(path: Path, key: string, known: readonly string[], data: unknown): Report {
  const close = nearest(key, known)
  const place = path.length === 0 ? '' : ` in ${label(path, data)}`
  return {
    severity: 'error',
    path: [...path, key],
    part: 'key',
    message: `unknown key ${key}${place}`,
    hint:
      close === undefined
        ? `known are ${known.join(', ')}`
        : `check the spelling: the closest match is ${close}`,
  }
}

function missingHint(path: Path): string | undefined {
  const key = path.join('.')
  if (key === 'etcd') return `write etcd: { version: "${RECOMMENDED_VERSION}" }, with the version you want`
  if (key === 'etcd.version') return `write an exact one, like "${RECOMMENDED_VERSION}"`
  if (key === 'kubernetes.version') return `write an exact one, like "${RECOMMENDED_KUBERNETES}"`
  if (key === 'name') return 'write one, like name: my-cluster'
  if (key === 'nodes') return 'write at least one, like { name: etcd01, address: 198.18.7.11, roles: [etcd] }'
  if (path[0] === 'nodes' && path[2] === 'roles') return 'write one or more of etcd, master, worker, service'
  if (path[0] === 'nodes' && path[2] === 'address')
    return 'write the IP address where the other nodes reach it'
  return undefined
}

type Words = readonly [message: string, hint?: string]

function wrongType(
  expected: string,
  value: unknown,
  path: Path,
  name: string,
  document: YamlDocument,
): Words {
  // Not `String`, because a mapping may have a key called toString.
  const written = document.sourceOf(path) ?? JSON.stringify(value)
  if (expected === 'string' && typeof value === 'number') {
    const version = path.join('.')
    if (version === 'etcd.version' || version === 'kubernetes.version') {
      const example = version === 'etcd.version' ? exampleVersion(value) : exampleKubernetesVersion(value)
      return [
        `${name}: ${written} without quotes is a number to YAML (3.10 would become 3.1), and an exact version has three parts`,
        `write "${example}"`,
      ]
    }
    return [
      `${name}: ${written} without quotes is the number ${value} to YAML, but text is expected`,
      `write "${written}"`,
    ]
  }
  if (expected === 'string' && typeof value === 'boolean') {
    return [
      `${name}: ${written} without quotes is a truth value to YAML, but text is expected`,
      `write "${written}"`,
    ]
  }
  if (expected === 'array' && typeof value === 'string') return [`${name} is a list`, `write [${value}]`]
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && /^\d+$/.test(value)) {
    return [`${name}: "${value}" in quotes is text, but a number is expected`, `write ${value}`]
  }
  if (expected === 'boolean' && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value)) {
    return [
      `${name}: ${value} is text to YAML, but true or false is expected`,
      `write ${/^(yes|on)$/i.test(value)}`,
    ]
  }
  const subject = name === '' ? 'the file' : name
  return [`${subject} must be ${KINDS[expected] ?? expected}, and is ${kindOf(value)}`]
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return `the text ${shown(value)}`
  return `${typeof value === 'boolean' ? 'the truth value' : 'the number'} ${JSON.stringify(value)}`
}

function wrongChoice(path: Path, name: string, value: unknown): Words {
  if (path.join('.') === 'pki.authority') {
    const key = typeof value === 'string' && (value === 'host' || value === 'offline') ? value : undefined
    if (key !== undefined)
      return [
        `${name}: ${key} needs its settings`,
        `write { ${key}: { certificate: … } }; see docs/reference/cluster-file.md`,
      ]
    return [`${name}: ${kindOf(value)} is not a home for a CA`, 'write local, { host: … } or { offline: … }']
  }
  if (path.join('.') === 'kubernetes.source')
    return [
      `${name}: ${kindOf(value)} is not a source of Kubernetes`,
      'write release, modules, or { folder: PATH }',
    ]
  if (path.join('.') === 'kubernetes.containerd.source')
    return [
      `${name}: ${kindOf(value)} is not a source of containerd`,
      'write distribution, release, or { folder: PATH }',
    ]
  if (path.join('.') === 'kubernetes.source.folder')
    return [`${name}: ${kindOf(value)} is not a directory`, 'write a path, or { path: …, sha256: … }']
  return [`${name}: ${kindOf(value)} is not allowed`, 'write one text, number or truth value']
}

function unknownWord(name: string, value: unknown, words: readonly string[]): Words {
  if (name === 'pki.algorithm' && typeof value === 'string' && /^rsa/i.test(value)) {
    return [
      `${name}: ${shown(value)} is not offered: RSA keys have 2048, 3072 or 4096 bits`,
      'write rsa-3072',
    ]
  }
  const close = typeof value === 'string' ? nearest(value, words) : undefined
  const hint =
    close === undefined
      ? `write one of ${words.join(', ')}`
      : `check the spelling: the closest match is ${close}. Known are ${words.join(', ')}`
  return [`${name}: ${shown(value)} is not known`, hint]
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}
