/**
 * An attacker controls the source of etcd's binaries: pinned checksums (`etcd.sha256`) keep forged ones off the nodes.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownArchitecture } from '../../src/artifacts/artifact.ts'
import { etcdBinaries } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const ARCH = ownArchitecture() ?? 'amd64'
const DEBIAN = { debian: { suite: 'trixie' } }

describe.skipIf(reason)(`a source of binaries that lies${because}`, () => {
  let lab: TestLab
  let sums: Record<string, string>
  beforeAll(async () => {
    lab = await testLab({ machines: 1 })
    await freshState(lab)
    const { artifact } = await etcdBinaries('trixie')
    sums = Object.fromEntries(artifact.files.map(({ name, sha256 }) => [name, sha256]))
  })
  afterAll(async () => {
    await lab.down()
  })
  const pin = async (pins: Readonly<Record<string, string>>) =>
    await lab.writeCluster({ etcd: { version: '3.5.16', source: DEBIAN, sha256: { [ARCH]: pins } } })
  const installed = async () =>
    await lab.machine('etcd01').check(['sh', '-c', 'sha256sum /usr/local/bin/etcd 2>/dev/null | cut -c1-64'])

  test('a program that is not the pinned one reaches no node, and is not started here', async () => {
    await pin({ ...sums, etcd: 'a'.repeat(64) })
    const { exitCode, stdout, stderr } = await quorate(lab, ['apply', '--yes'])
    expect(exitCode).not.toBe(0)
    expect(stdout + stderr).toContain(`etcd: its SHA-256 is ${sums['etcd']}, etcd.sha256.${ARCH} says aaaa`)
    expect(await installed()).toBe('')
    await pin(sums)
    await quorateOk(lab, ['apply', '--yes'])
    expect(await installed()).toBe(`${sums['etcd']}\n`)
  })

  test('an upgrade asks for the new checksums, keeps the old ones from the new version, and writes what it was given', async () => {
    const { version, artifact } = await etcdBinaries('sid')
    const before = await readFile(lab.clusterFile, 'utf8')
    const words = ['upgrade', '--to', version, '--suite', 'sid']
    const refused = await quorate(lab, [...words, '--yes'])
    const fresh = artifact.files.map(({ name, sha256 }) => `${ARCH}/${name}=${sha256}`)
    expect(refused.exitCode).toBe(8)
    for (const one of fresh) expect(refused.stdout + refused.stderr).toContain(`--sha256 ${one}`)
    const lies = fresh.map((one) => one.replace(/(?<=etcd=)./, (digit) => (digit === '0' ? '1' : '0')))
    const lied = await quorate(lab, [...words, ...lies.flatMap((one) => ['--sha256', one]), '--yes'])
    const [honest, lie] = [fresh, lies].map((all) => /etcd=(\S+)/.exec(all.join(' '))?.[1] ?? 'no sum')
    // What it is, and what is pinned.
    expect(lied).toFail('blocked', { says: [`etcd.sha256.${ARCH}`, honest ?? '', lie ?? ''] })
    expect(await readFile(lab.clusterFile, 'utf8')).toBe(before)
    expect(await installed()).toBe(`${sums['etcd']}\n`)

    await quorateOk(lab, [...words, ...fresh.flatMap((one) => ['--sha256', one]), '--watch', '1', '--yes'])
    const after = await readFile(lab.clusterFile, 'utf8')
    for (const { sha256 } of artifact.files) expect(after).toContain(sha256)
    for (const sum of Object.values(sums)) expect(after).not.toContain(sum)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
