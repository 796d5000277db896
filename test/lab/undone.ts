/** Runs in each file of the lab: they share a worker, so a file's changes outside itself would affect the next one. */
import assert from 'node:assert/strict'
import { afterAll } from 'vitest'

const environment = { ...process.env }
const before = outside()

afterAll(() => {
  // Only names, because a value may be a secret.
  const names = Object.keys({ ...environment, ...process.env })
  const changed = names.filter((name) => environment[name] !== process.env[name])
  assert.deepEqual(changed, [], 'environment variables that a test did not put back')
  assert.deepEqual(outside(), before, 'a test undoes what it changes outside itself')
})

function outside() {
  return {
    folder: process.cwd(),
    mask: process.umask(),
    ofEveryObject: Object.keys(Object.prototype),
    stackTraceLimit: Error.stackTraceLimit,
  }
}
