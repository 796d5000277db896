/**
 * Lists what is new in etcd's changelogs and not judged yet: newer releases, and entries that src/spec/version-facts.ts
 * does not mention. That file's head says what to do with them.
 *
 *   node script/etcd-changelog.ts FILE_OR_DIRECTORY…   CHANGELOG-3.5.md and so on, or the directory that they are in
 *   node script/etcd-changelog.ts --fetch              downloads them first
 *
 * Exit code: 0 nothing is new, 1 something is, 2 the changelogs can't be read.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { NEWEST } from '../src/spec/version-facts.ts'
import { describeEntry, findUnjudged } from './etcd-changelog-entries.ts'

const SOURCE = 'https://raw.githubusercontent.com/etcd-io/etcd/main/CHANGELOG'
const PATIENCE_MS = 60_000

try {
  const words = process.argv.slice(2)
  if (words.length === 0) throw new Error('give a directory with CHANGELOG-3.x.md, files, or --fetch')
  const changelogs = words[0] === '--fetch' ? await fetchAll() : words.flatMap(readAll)
  const { newer, entries } = findUnjudged(changelogs)
  for (const version of newer) console.log(`newer than NEWEST: ${version}`)
  for (const entry of entries) console.log(describeEntry(entry))
  process.exitCode = newer.length + entries.length > 0 ? 1 : 0
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

/** The minors that still get fixes. */
async function fetchAll(): Promise<readonly string[]> {
  const minors = Object.entries(NEWEST).flatMap(([minor, { support }]) =>
    support.startsWith('ended') ? [] : minor,
  )
  return await Promise.all(
    minors.map(async (minor) => {
      const url = `${SOURCE}/CHANGELOG-${minor}.md`
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
        if (response.ok) return await response.text()
        throw new Error(`HTTP ${response.status}`)
      } catch (error) {
        throw new Error(
          `${url} can't be downloaded: ${reason(error)}; download the files elsewhere, and give their directory`,
          { cause: error },
        )
      }
    }),
  )
}

/** fetch only says that it failed; the cause has the reason. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function readAll(place: string): readonly string[] {
  if (!statSync(place).isDirectory()) return [readFileSync(place, 'utf8')]
  const names = readdirSync(place).filter((name) => /^CHANGELOG-3\.\d+\.md$/.test(name))
  if (names.length === 0) throw new Error(`${place}: no CHANGELOG-3.x.md is there`)
  return names.map((name) => readFileSync(path.join(place, name), 'utf8'))
}
