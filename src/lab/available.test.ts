import { expect, test } from 'vitest'
import { labAvailable, requireLab } from './available.ts'

test('a user who is not root gets the command to run', () => {
  const surroundings = { userId: 1000, exists: () => true, argv: ['script/demo', '-f', 'my file.yaml'] }
  expect(labAvailable(surroundings)).toEqual([
    expect.objectContaining({ what: 'root rights', command: "sudo script/demo -f 'my file.yaml'" }),
  ])
  expect(() => requireLab(surroundings)).toThrow(
    expect.objectContaining({ hint: "sudo script/demo -f 'my file.yaml'" }),
  )
})

test('a missing program is named with its package', () => {
  const missing = labAvailable({ userId: 0, exists: (file) => !file.endsWith('/mmdebstrap'), argv: [] })
  expect(missing).toEqual([
    expect.objectContaining({ what: 'mmdebstrap', command: 'apt-get install --yes mmdebstrap' }),
  ])
})

test('nothing is missing where all is there', () => {
  expect(labAvailable({ userId: 0, exists: () => true, argv: [] })).toEqual([])
})
