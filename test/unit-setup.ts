/** Runs in each file of the units, also where files share a worker: what a module registers at its import counts for the first only. */
import { afterAll } from 'vitest'
import { removeScratch } from '../src/pki/scratch.ts'

afterAll(removeScratch)
