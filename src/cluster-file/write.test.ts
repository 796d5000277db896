import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { writeNewClusterFile } from './write.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-cluster-file-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const there = (file: string) => new QuorateError('usage', `${file} is there`)

test('a new one is written whole, and never over one that is there', async () => {
  const file = path.join(folder, 'cluster.yaml')
  await writeNewClusterFile(file, 'name: a\n', there)
  await expect(writeNewClusterFile(file, 'name: b\n', there)).rejects.toThrow('is there')
  expect(await readFile(file, 'utf8')).toBe('name: a\n')
  expect(await readdir(folder)).toEqual(['cluster.yaml'])
})

test('a place that takes no file is a fault of the disk, not of what was typed', async () => {
  await writeFile(path.join(folder, 'file'), '')
  for (const file of ['/proc/cluster.yaml', path.join(folder, 'file', 'cluster.yaml')]) {
    await expect(writeNewClusterFile(file, 'name: a\n', there)).rejects.toMatchObject({ code: 'state' })
  }
})
