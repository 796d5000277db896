/** Runs in each file of the units, also where files share a worker: what a module registers at its import counts for the first only. */
import * as fc from 'fast-check'
import { afterAll } from 'vitest'
import { removeScratch } from '../src/pki/scratch.ts'

// The same examples in every run, so that a change that is green stays green. Others: PROPERTY_SEED=2, or any other number.
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_130) })

afterAll(removeScratch)
