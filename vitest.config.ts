import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

// A test that waits for what does not come says so itself, long before these: they are for what hangs, on a computer that
// is busy with other things as well.
const QUICK = { testTimeout: 60_000, hookTimeout: 60_000 }
const SLOW = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts'], ...QUICK } },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], ...SLOW } },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: ['test/lab/global-setup.ts'],
          // Each waits for its machines about as long as it works.
          maxWorkers: 4,
          ...SLOW,
        },
      },
    ],
  },
})
