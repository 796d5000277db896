import { expect, test } from 'vitest'
import type { PrunePreview } from '../verbs/backup/prune.ts'
import { pruneLosses } from './render-prune.ts'

const backup = (hour: number) => ({ takenAt: new Date(Date.UTC(2020, 10, 22, hour)), sizeBytes: 1024 })
const preview = (changes: object) =>
  ({
    kept: [{ backup: backup(9), reasons: ['newest'] }],
    removable: [backup(3), backup(4)],
    orphans: [],
    ...changes,
  }) as unknown as PrunePreview

test('the confirmation of prune says which backups go, and which is the newest that stays', () => {
  expect(pruneLosses(preview({}))).toEqual({
    loses: '2 backups (2020-11-22 03:00 UTC to 2020-11-22 04:00 UTC), permanently',
    keeps: '1 backup, the newest from 2020-11-22 09:00 UTC',
    downtime: 'none: no node is contacted',
  })
  expect(pruneLosses(preview({ removable: [backup(3)], orphans: ['x'] })).loses).toBe(
    '1 backup (from 2020-11-22 03:00 UTC) and 1 side file, permanently',
  )
  expect(pruneLosses(preview({ kept: [], removable: [], orphans: ['x', 'y'] }))).toMatchObject({
    loses: '2 side files, permanently',
    keeps: '0 backups',
  })
})
