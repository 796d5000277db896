import { expect, test } from 'vitest'
import { bridgeName, vethName } from './identity.ts'

test('names fit an interface, differ from lab to lab and machine to machine, and are found again', () => {
  const names = ['/a/lab', '/b/lab'].flatMap((folder) => [
    bridgeName(folder),
    vethName(folder, 'etcd01'),
    vethName(folder, 'a-machine-with-a-name-that-is-as-long-as-names-of-machines-may-be'),
  ])
  for (const name of names) expect(name).toMatch(/^[a-z0-9-]{1,15}$/)
  expect(new Set(names).size).toBe(6)
  expect(bridgeName('/a/lab/')).toBe(bridgeName('/a/lab'))
})
