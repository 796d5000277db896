/** Planner and node compute the same checksum, and it is found in a manifest. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  READ_AT_START_ENVIRONMENT,
  READ_AT_START_FILES,
  readAtStart,
  readAtStartLines,
  readAtStartOf,
} from './read-at-start.ts'
import { sha256 } from './sums.ts'

const sums = {
  ca: sha256('a CA'),
  'ca-key': '',
  'front-proxy-ca': '',
  'service-account-key': '',
  'service-account-public-key': sha256('sa.pub'),
  encryption: '',
  'etcd-ca': sha256("etcd's CA"),
}

test('the machine computes the same checksum of the same files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'read-at-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const contents = ['a CA', "etcd's CA", 'sa.pub']
  const files = contents.map((content, at) => {
    const file = path.join(folder, String(at))
    writeFileSync(file, content)
    return file
  })
  expect(READ_AT_START_FILES).toHaveLength(files.length)
  // As `kubeadm_manifests` does.
  const script = `sums=; for file; do sum=$(sha256sum <"$file"); sums="$sums\${sum%% *} "; done; printf '%s' "$sums" | sha256sum`
  const said = execFileSync('sh', ['-c', script, 'sh', ...files], { encoding: 'utf8' })
  expect(said.slice(0, 64)).toBe(readAtStart(sums))
})

test('each of them changes the checksum, and nothing else does', () => {
  const of = readAtStart(sums)
  for (const one of ['ca', 'etcd-ca', 'service-account-public-key'])
    expect(readAtStart({ ...sums, [one]: sha256('another') })).not.toBe(of)
  expect(readAtStart({ ...sums, encryption: sha256('another') })).toBe(of)
})

test('it is read from a manifest, quoted or not, and from nothing that only looks like it', () => {
  const of = readAtStart(sums)
  const manifest = `spec:\n  containers:\n  - env:\n${readAtStartLines(of)}    image: x\n`
  expect(readAtStartOf(manifest)).toBe(of)
  expect(readAtStartOf(manifest.replace(of, `"${of}"`))).toBe(of)
  expect(readAtStartOf(manifest.replace(of, READ_AT_START_ENVIRONMENT.value))).toBeUndefined()
  expect(readAtStartOf(manifest.replace('- name:', '# name:'))).toBeUndefined()
})
