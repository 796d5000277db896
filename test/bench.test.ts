/** What script/bench --markdown writes, and to which file. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { filled } from '../bench/fill.ts'
import { readmeLine, readmeLineKubernetes } from '../bench/report.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const read = async (name: string) => await readFile(path.join(ROOT, name), 'utf8')

test('only what is between the marks of that name is replaced', () => {
  const text =
    'a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n<!-- bench kubernetes -->\nkept\n<!-- /bench kubernetes -->\n'
  expect(filled(text, 'bench', 'new $1\n')).toBe(text.replace('old', () => 'new $1'))
  expect(filled(text, 'bench kubernetes', 'new\n')).toBe(text.replace('kept', 'new'))
})

test('a page without the marks is an error, so that no figures are lost', () => {
  expect(() => filled('a\n<!-- bench -->\nb\n', 'bench', 'new')).toThrow('<!-- /bench -->')
})

test('the tables have their place in performance.md alone; README has a line of each, with figures from there', async () => {
  const [readme, performance] = [await read('README.md'), await read('docs/project/performance.md')]
  for (const name of ['bench', 'bench kubernetes']) expect(() => filled(performance, name, '')).not.toThrow()
  const [, line = ''] = /<!-- bench -->\n(.*?)<!-- \/bench -->/s.exec(readme) ?? []
  const numbers = [...line.matchAll(/(\d+\.\d+) [s×]/g)].map(([, number = '']) => number)
  const [shell = 0, first = 0, second = 0] = [numbers[2], numbers[0], numbers[3]].map(Number)
  const date = /\((\d{4}-\d\d-\d\d)\)/.exec(line)?.[1] ?? ''
  const figures = { shellSeconds: shell, firstApplyThreeSeconds: first, secondApplyThreeSeconds: second }
  expect(line).toBe(readmeLine(figures, new Date(date)))
  const [, ofKubernetes = ''] =
    /<!-- bench kubernetes -->\n(.*?)<!-- \/bench kubernetes -->/s.exec(readme) ?? []
  const [whole = 0, , byHand = 0] = [...ofKubernetes.matchAll(/\d+\.\d+/g)].map(Number)
  const measured = new Date(/\((\d{4}-\d\d-\d\d)\)/.exec(ofKubernetes)?.[1] ?? '')
  const both = { kubernetesByHandSeconds: byHand, kubernetesFirstApplySeconds: whole }
  expect(ofKubernetes).toBe(readmeLineKubernetes(both, measured))
  for (const number of [shell, first, second, whole, byHand])
    expect(performance).toContain(`${number.toFixed(2)} s`)
})
