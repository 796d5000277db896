import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

// Unless told, one processor is left idle, which is half of two.
const ALL_PROCESSORS = '100%'
// A test that waits for what does not come says so itself, long before these: they are for what hangs, on a computer that
// is busy with other things as well.
const PATIENT = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts'],
          setupFiles: ['test/unit-setup.ts', 'test/to-fail.ts'],
          // Modules have no state: each is loaded once a worker, not once a file, which is a third of what this part costs.
          isolate: false,
          restoreMocks: true,
          unstubEnvs: true,
          unstubGlobals: true,
          maxWorkers: ALL_PROCESSORS,
          ...PATIENT,
        },
      },
      {
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], maxWorkers: ALL_PROCESSORS, ...PATIENT },
      },
      {
        test: { name: 'site', include: ['test/site/**/*.test.ts'], ...PATIENT },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: ['test/lab/global-setup.ts'],
          setupFiles: ['test/lab/undone.ts', 'test/to-fail.ts'],
          // As the units: and the warm processes in which the tests run quorate serve one file after the other.
          isolate: false,
          // Each waits for its machines about as long as it works.
          maxWorkers: 4,
          ...PATIENT,
        },
      },
      {
        test: {
          name: 'kubernetes',
          include: ['test/kubernetes/**/*.test.ts'],
          globalSetup: ['test/kubernetes/global-setup.ts'],
          setupFiles: ['test/to-fail.ts'],
          // Half of their time is waiting: for members to stop, leases to end, pods to come back.
          maxWorkers: 2,
          ...PATIENT,
        },
      },
    ],
  },
})
