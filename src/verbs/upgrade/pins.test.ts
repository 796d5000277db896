import { expect, test } from 'vitest'
import { sampleCluster } from '../../etcd/sample.ts'
import { missingPins, newPins } from './pins.ts'
import { upgradeTarget } from './target.ts'

const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)]
const release = { kind: 'release', url: 'u', checksums: 'c', proxy: undefined } as const
const pinned = sampleCluster({ source: release, sha256: { amd64: { archive: OLD, etcd: OLD } } })

test('the old checksums are neither kept nor dropped: without new ones there are none to go by', () => {
  const { cluster, edits } = upgradeTarget(pinned, { to: '3.5.33' })
  expect(cluster.etcd.sha256).toBeUndefined()
  expect(edits).toEqual([{ path: ['etcd', 'version'], value: '3.5.33' }])
  const artifact = {
    version: '3.5.33',
    arch: 'amd64',
    origin: 'there',
    archiveSha256: NEW,
    files: [{ name: 'etcd', path: '/x', sha256: OLD, sizeBytes: 1 }],
  } as const
  expect(missingPins(pinned.etcd, cluster.etcd, new Map([['amd64', artifact]]))).toMatchObject([
    {
      severity: 'blocker',
      id: 'checksums-are-needed',
      message: expect.stringMatching(/ 3\.5\.33 .* 3\.5\.16 \(etcd\.sha256\)$/),
      hint: expect.stringContaining(
        `quorate upgrade --to 3.5.33 --sha256 amd64=${NEW} --sha256 amd64/etcd=${OLD}`,
      ),
    },
  ])
})

test('new ones stand in for the old ones, in the file too', () => {
  const given = [`amd64=${NEW.toUpperCase()}`, `amd64/etcd=${NEW}`]
  const { cluster, edits } = upgradeTarget(pinned, { to: '3.5.33', sha256: given })
  expect(cluster.etcd.sha256).toEqual({ amd64: { archive: NEW, etcd: NEW } })
  expect(edits).toEqual([
    { path: ['etcd', 'version'], value: '3.5.33' },
    { path: ['etcd', 'sha256', 'amd64', 'archive'], value: NEW },
    { path: ['etcd', 'sha256', 'amd64', 'etcd'], value: NEW },
  ])
  expect(missingPins(pinned.etcd, cluster.etcd, new Map())).toEqual([])
})

test('the version in the file, and the rollback, keep its checksums', () => {
  for (const options of [
    {},
    { to: '3.5.16' },
    { to: '3.5.16', sha256: [`amd64=${OLD}`, `amd64/etcd=${OLD}`] },
  ])
    expect(upgradeTarget(pinned, options)).toMatchObject({
      cluster: { etcd: { sha256: { amd64: { archive: OLD, etcd: OLD } } } },
      edits: [],
    })
})

test.each([
  [[`amd64=${NEW}`], 'usage/checksums-do-not-match', / amd64\/etcd$/],
  [[`amd64=${NEW}`, `amd64/etcd=${NEW}`, `arm64=${NEW}`], 'usage/checksums-do-not-match', / arm64$/],
  [['amd64=12'], 'usage', /--sha256 amd64=12 /],
] as const)('%s is refused', (given, topic, says) => {
  expect(() => newPins(pinned.etcd.sha256, true, given)).toFail(topic, { says })
})

test('checksums for a file that pins none, and others for the version that it names, are refused', () => {
  expect(() => newPins(undefined, true, [`amd64=${NEW}`])).toFail('usage/file-has-no-pins', {
    says: '--sha256',
  })
  const others = [`amd64=${NEW}`, `amd64/etcd=${NEW}`]
  expect(() => newPins(pinned.etcd.sha256, false, others)).toFail('usage/other-checksums-for-the-version', {
    fix: '--sha256',
  })
})
