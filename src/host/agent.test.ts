import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = path.join(import.meta.dirname, 'agent')

test('no operation sets what the main program counts steps and words with: all are one shell', () => {
  const wrong = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sh') && file !== 'main.sh')
    .filter((file) => /(?:^|[\s;(])(?:number|words)=/m.test(readFileSync(path.join(FOLDER, file), 'utf8')))
  expect(wrong).toEqual([])
})

test('no two files define a function of the same name: the later one would silently count for both', () => {
  const texts = [
    path.join(import.meta.dirname, 'places.sh'),
    ...readdirSync(FOLDER)
      // Run by themselves on a machine.
      .filter((file) => file.endsWith('.sh') && file !== 'isolated.sh')
      .map((file) => path.join(FOLDER, file)),
  ].map((file) => readFileSync(file, 'utf8'))
  const names = texts.flatMap((text) => [...text.matchAll(/^([a-z_0-9]+)\(\)/gm)].map(([, name]) => name))
  expect(names.length).toBeGreaterThan(100)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
