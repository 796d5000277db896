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
