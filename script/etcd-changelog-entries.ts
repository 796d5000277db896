/** Parses etcd's changelogs, and finds the entries that version-facts.ts has not judged. Pure. */
import semver from 'semver'
import { HARMLESS, HAZARDS, NEWEST } from '../src/spec/version-facts.ts'

/** One entry of a changelog. */
export interface Entry {
  /** `3.6.17`. */
  readonly version: string
  /** Its section, without markup: `etcd server`. */
  readonly section: string
  /** Its text without links. */
  readonly text: string
  /** Pull requests and issues by number, advisories by name: `22686`, `GHSA-xg4h-6gfc-h4m8`. */
  readonly references: readonly string[]
}

export interface Unjudged {
  /** Released versions that version-facts.ts doesn't know. */
  readonly newer: readonly string[]
  readonly entries: readonly Entry[]
}

/** Sections without anything that could be a hazard for a running server. */
const HARMLESS_SECTIONS =
  /^(dependenc|go$|other|docker|package `?clientv3|package `?server|package `?pkg|grpc|etcd grpc-proxy|tools\/)/i

/** The last versions that were judged before this list existed. */
const JUDGED_EARLIER: Readonly<Record<string, string>> = {
  '3.4': '3.4.35',
  '3.5': '3.5.17',
  '3.6': '3.6.0',
  '3.7': '3.7.0-alpha.0',
}

/** @param text of one `CHANGELOG-3.x.md` */
export function parseChangelog(text: string): {
  readonly released: readonly string[]
  readonly entries: readonly Entry[]
} {
  const released: string[] = []
  const entries: Entry[] = []
  let version: string | undefined
  let section = ''
  for (const line of text.split('\n')) {
    const release =
      /^## \[?v(?<version>\d+\.\d+\.\d+[^\s\]]*)\]?[^(]*(?:\([^)]*\)\s*)?\((?<date>[^)]*)\)|^## \[?v(?<bare>\d+\.\d+\.\d+[^\s\]]*)/.exec(
        line,
      )?.groups
    if (release !== undefined) {
      version = release['version'] ?? release['bare']
      section = ''
      if (version !== undefined && /^\d{4}-/.test(release['date'] ?? '')) released.push(version)
      continue
    }
    const heading = /^#{3,}\s+(.+?)\s*$/.exec(line)?.[1]
    if (heading !== undefined) section = heading
    if (version === undefined || !/^\s*- /.test(line)) continue
    entries.push({ version, section, text: withoutLinks(line), references: referencesOf(line) })
  }
  return { released, entries }
}

/**
 * What is new in these changelogs, and which entries are not judged yet. The same text of several minors is listed
 * together.
 */
export function findUnjudged(changelogs: readonly string[]): Unjudged {
  const judged = judgedReferences()
  const parsed = changelogs.map(parseChangelog)
  const newer = parsed.flatMap(({ released }) => released.filter(isNewer))
  const entries = parsed
    .flatMap((changelog) => changelog.entries)
    .filter(({ version }) => isAfter(version))
    .filter(({ section }) => !HARMLESS_SECTIONS.test(section))
    .filter(({ references }) => references.every((one) => !judged.has(one)))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : semver.compare(a.version, b.version)))
  return { newer, entries }
}

/** `3.6.17 · etcd server · Fix something (22686)`. */
export function describeEntry({ version, section, text, references }: Entry): string {
  return `${version} · ${section} · ${text}${references.length > 0 ? ` (${references.join(', ')})` : ''}`
}

function judgedReferences(): ReadonlySet<string> {
  const rows = HAZARDS.split('\n').map((line) => line.split('|')[4] ?? '')
  const harmless = HARMLESS.split('\n').map((line) => line.split('|')[1] ?? '')
  return new Set([...rows, ...harmless].flatMap((cell) => cell.split(/\s+/)).filter((word) => word !== ''))
}

function isAfter(version: string): boolean {
  const before = JUDGED_EARLIER[minor(version)]
  return before === undefined || semver.gt(version, before)
}

function isNewer(version: string): boolean {
  const known = NEWEST[minor(version)]?.patch
  return semver.prerelease(version) === null && (known === undefined || semver.gt(version, known))
}

function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

function withoutLinks(line: string): string {
  return line
    .replace(/^\s*-\s+/, '')
    .replaceAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\([^)]*\)/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function referencesOf(line: string): readonly string[] {
  const found = [...line.matchAll(/\/(?:pull|issues)\/(\d+)|\b(GHSA(?:-[a-z0-9]{4}){3})\b/g)]
  return [...new Set(found.flatMap(([, number, advisory]) => number ?? advisory ?? []))]
}
