import { expect, test } from 'vitest'
import { calendar, serviceUnit, timerUnit } from './units.ts'

const S3 = {
  kind: 's3',
  bucket: 'b',
  prefix: '',
  endpoint: undefined,
  region: 'r',
  ca: undefined,
  pathStyle: false,
  credentials: undefined,
  lockDays: undefined,
} as const

function folder(path: string): string {
  return serviceUnit({ cluster: 'prod', store: { kind: 'directory', path } })
}

function timer(every: string, periodSeconds: number): string {
  return timerUnit({ cluster: 'prod', every, periodSeconds, store: S3 })
}

test('the service may write to the directory of the backup location, and to none for a bucket', () => {
  expect(folder('/srv/backups')).toMatch(/^ReadWritePaths=\/srv\/backups$/m)
  expect(serviceUnit({ cluster: 'prod', store: S3 })).not.toContain('ReadWritePaths')
  expect(folder('/srv/backups')).not.toMatch(/@[A-Z]+@/)
  expect(serviceUnit({ cluster: 'prod', store: S3 })).toContain('ProtectSystem=strict\nProtectHome=yes\n')
})

test('a directory with another meaning in a unit, or invisible to the service, is refused', () => {
  for (const path of ['/srv/my backups', '/srv/%n', '/srv/$HOME', 'srv', '/srv/a\nUser=root']) {
    expect(() => folder(path)).toFail('usage/unfit-store-directory', { says: path })
  }
  for (const path of ['/home/me/backups', '/root', '/tmp/x', '/var/tmp/x', '/etc/backups', '/usr/backups']) {
    expect(() => folder(path)).toFail('usage/unfit-backup-directory', { says: path })
  }
  for (const path of ['/srv/backups', '/var/backups/etcd', '/mnt/nas', '/homes/x'])
    expect(folder(path)).toContain(path)
})

test('the timer catches up, and is late by a twelfth of its period at most', () => {
  expect(timer('hourly', 3600)).toContain('OnCalendar=hourly\n')
  expect(timer('hourly', 3600)).toContain('Persistent=true\n')
  expect(timer('hourly', 3600)).toContain('RandomizedDelaySec=300\n')
  expect(timer('*:0/10', 600)).toContain('OnCalendar=*:0/10\n')
  expect(timer('*:0/10', 600)).toContain('RandomizedDelaySec=50\n')
})

test('what people call it', () => {
  expect(['hour', 'day', 'week', 'month', 'Mon *-*-* 03:00', 'constructor'].map(calendar)).toEqual([
    'hourly',
    'daily',
    'weekly',
    'monthly',
    'Mon *-*-* 03:00',
    'constructor',
  ])
})
