/**
 * Runs in each file of the unit tests, also where files share a worker: what a module registers when it is imported
 * would only count for the first.
 */
import * as fc from 'fast-check'
import { afterAll } from 'vitest'
import { removeScratch } from '../src/pki/scratch.ts'

// The same examples in every run, so that a test doesn't fail by chance. For others: PROPERTY_SEED=2, or any other
// number.
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_130) })

afterAll(removeScratch)
