/** docs/reference/files.md lists the places that the code has, on nodes and on the workstation, and no others. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PATHS } from '../src/host/state.ts'
import { PLACES as KUBERNETES } from '../src/kubernetes/places.ts'
import { PLACES as SCHEDULE } from '../src/schedule/places.ts'
import { CONTAINERD, PROGRAM_ROOT, SERVICE_ROUTE } from '../src/tiers/containerd/files.ts'
import { HAPROXY, KEEPALIVED } from '../src/tiers/haproxy/plan/files.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const page = readFileSync(path.join(ROOT, 'docs/reference/files.md'), 'utf8')
const [onNodes = '', onWorkstation = ''] = page.split(/^## .*\bworkstation$/m)

/** The text of all sources: TypeScript, programs for nodes, units. */
const SOURCES = globSync('src/**/*.{ts,sh,service}', { cwd: ROOT })
  .filter((file) => !/\.(?:test|fixture)\.ts$|\/lab\//.test(file))
  .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  .join('\n')

/** Places of other programs, which quorate reads, or which vanish with the next boot. */
const NOT_LISTED: ReadonlySet<string> = new Set([
  PATHS.kubeletManifest, // kubeadm's
  SCHEDULE.stamp, // systemd's
  KUBERNETES.flannel.subnet, // flanneld's
])

/** The code spans of the first cell of each row of the tables of paths. */
function firstCells(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^\| path \|.*\n\|[-|]+\n(?<rows>(?:\|.*\n)+)/gm)]
    .flatMap(({ groups }) => (groups?.['rows'] ?? '').trimEnd().split('\n'))
    .map((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span))
}

/** `/a/b.crt`, `c.key` and `.pem` of one cell are /a/b.crt, /a/c.key and /a/c.pem. What ends with a slash is a directory. */
function absolute(cell: readonly string[]): readonly string[] {
  let last = ''
  return cell.flatMap((span) => {
    if (span.startsWith('…')) return []
    if (span.startsWith('/')) last = span
    else if (span.startsWith('.')) last = last.replace(/\.[^./]+$/, span)
    else last = `${path.posix.dirname(last)}/${span}`
    return [last]
  })
}

function pathsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.startsWith('/') ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}

test('every place on nodes that the code names is on the page, or in a directory that is', () => {
  const listed = firstCells(onNodes).flatMap(absolute)
  const places = pathsIn([
    PATHS,
    SCHEDULE,
    KUBERNETES,
    CONTAINERD,
    SERVICE_ROUTE.file,
    HAPROXY,
    KEEPALIVED,
    PROGRAM_ROOT,
  ])
  expect(places.length).toBeGreaterThan(50)
  const covered = (place: string) =>
    listed.some(
      (one) =>
        one === place ||
        one.startsWith(`${place}/`) ||
        (one.endsWith('/') && place.startsWith(one)) ||
        (one.includes('*') && path.posix.matchesGlob(place, one)),
    )
  expect(places.filter((place) => !covered(place) && !NOT_LISTED.has(place))).toEqual([])
})

test('every place on nodes that the page lists is in the code', () => {
  const listed = firstCells(onNodes).flatMap(absolute)
  expect(listed.length).toBeGreaterThan(40)
  expect(listed.filter((place) => !isInCode(place))).toEqual([])
})

function isInCode(place: string): boolean {
  const [certain = ''] = place.split(/\/(?=[^/]*(?:VERSION|\*))/)
  const bare = certain.replace(/\/$/, '')
  return has(bare) || (has(path.posix.dirname(bare)) && has(path.posix.parse(bare).name))
}

function has(text: string): boolean {
  return SOURCES.includes(text)
}

test('the state directory has on the page what the code keeps in it', () => {
  const listed = firstCells(onWorkstation).flat()
  const kept = new Set([...SOURCES.matchAll(/stateDirectory,\s*'([\w.-]+)'/g)].map(([, name = '']) => name))
  expect(kept.size).toBeGreaterThan(12)
  expect([...kept].filter((name) => !listed.includes(name) && !listed.includes(`${name}/`))).toEqual([])
  const state = onWorkstation.slice(0, onWorkstation.indexOf('### Other users'))
  const unknown = firstCells(state)
    .flat()
    .map((name) => name.replace(/-?\*?\/$/, ''))
    .filter((name) => !has(name))
  expect(unknown).toEqual([])
})
