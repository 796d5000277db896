/** The usual files of a project: changelog, issue forms, how to contribute, how to report. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { COMMANDS } from '../src/cli/commands.ts'
import { SUPPORTED_MINORS } from '../src/etcd/versions.ts'
import { KUBERNETES_MINORS } from '../src/kubernetes/versions.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const read = async (name: string) => await readFile(path.join(ROOT, name), 'utf8')

test('CHANGELOG.md names every command: a new one is a change that users notice', async () => {
  const changelog = await read('CHANGELOG.md')
  const visible = COMMANDS.filter(({ hidden }) => hidden !== true)
  expect(visible.length).toBeGreaterThan(40)
  expect(
    visible.map(({ name }) => name).filter((name) => !changelog.includes(`\`quorate ${name}\``)),
  ).toEqual([])
})

test('CHANGELOG.md has the form of Keep a Changelog, and starts with what is unreleased', async () => {
  const headings = [...(await read('CHANGELOG.md')).matchAll(/^(##|###) (.*)$/gm)]
  expect(headings[0]?.[2]).toBe('[Unreleased]')
  const groups = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
  const odd = headings.filter(([, level, title = '']) =>
    level === '##' ? !/^\[(Unreleased|\d+\.\d+\.\d+)\]/.test(title) : !groups.includes(title),
  )
  expect(odd.map(([heading]) => heading)).toEqual([])
})

test('the support matrix has a row for every minor version that quorate accepts, and a known status in each', async () => {
  const page = await read('docs/reference/support-matrix.md')
  const [, table = ''] = /<!-- matrix -->\n([^]*?)<!-- \/matrix -->/.exec(page) ?? []
  const rows = table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const minors = (what: string) => rows.filter((row) => row[1] === what).map((row) => row[2])
  expect(minors('etcd')).toEqual(SUPPORTED_MINORS)
  expect(minors('Kubernetes')).toEqual(KUBERNETES_MINORS)
  const statuses = new Set(rows.map((row) => row[3]))
  expect(statuses).toEqual(new Set(['tested', 'in part', 'untested', 'no']))
  const unproven = rows.filter((row) => row[3] === 'tested' && row[4] === '')
  expect(unproven).toEqual([])
})

/** The parts of an issue form that are used: GitHub refuses one with unknown types, or two fields with one ID. */
const ISSUE_FORM = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  labels: z.array(z.string()),
  body: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('markdown'), attributes: z.strictObject({ value: z.string() }) }),
      z.strictObject({
        type: z.enum(['textarea', 'input', 'dropdown']),
        id: z.string().regex(/^[\w-]+$/),
        attributes: z.strictObject({
          label: z.string().min(1),
          description: z.string().optional(),
          placeholder: z.string().optional(),
          render: z.string().optional(),
          options: z.array(z.string()).min(2).optional(),
        }),
        validations: z.strictObject({ required: z.boolean() }).optional(),
      }),
    ]),
  ),
})

test('issue forms are ones that the repository host takes', async () => {
  const names = (await readdir(path.join(ROOT, '.github/ISSUE_TEMPLATE'))).filter(
    (name) => name !== 'config.yml',
  )
  expect(names.toSorted()).toEqual(['bug.yml', 'feature.yml'])
  for (const name of names) {
    const form = ISSUE_FORM.parse(parse(await read(`.github/ISSUE_TEMPLATE/${name}`)))
    const ids = form.body.flatMap((field) => ('id' in field ? [field.id] : []))
    expect(new Set(ids).size).toBe(ids.length)
    expect(form.body.some((field) => 'validations' in field && field.validations?.required === true)).toBe(
      true,
    )
  }
})

test('a bug report asks for what quorate version --json prints', async () => {
  const form = ISSUE_FORM.parse(parse(await read('.github/ISSUE_TEMPLATE/bug.yml')))
  const version = form.body.find((field) => 'id' in field && field.id === 'version')
  const example = version !== undefined && 'id' in version ? version.attributes.placeholder : undefined
  expect(Object.keys(JSON.parse(example ?? '{}') as object)).toEqual(['quorate', 'node'])
})
