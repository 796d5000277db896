/** Rotates etcd's CA below a serving Kubernetes: its API servers follow each stage, without client-visible impact. */
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PLACES } from '../../src/kubernetes/places.ts'
import type { TestLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import { quorateOk } from '../lab/support/quorate.ts'
import { whyNoKubernetes } from './built.ts'
import { nineMachines } from './nine.ts'
import { type BalancedApi, balancedApi } from './support/balanced-api.ts'
import { describeReport, startTraffic } from './support/traffic.ts'
import { NOTHING_TO_CHANGE } from '../lab/support/unchanged.ts'

const MASTERS = ['master01', 'master02']
const LONGEST_GAP_MS = 6_000
const STAGE_MS = 240_000
const reason = await whyNoKubernetes()

describe.skipIf(reason)(`a rotation of etcd's CA${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  let api: BalancedApi
  let old: string

  beforeAll(async () => {
    lab = await nineMachines()
    await freshState(lab)
    await quorateOk(lab, ['apply', '--yes', '--no-probe'])
    api = await balancedApi(lab)
    old = (await trusted('master01'))[0] ?? ''
  }, 600_000)
  afterAll(async () => await lab?.down())

  const certificatesIn = async (name: string, file: string) => {
    const text = await lab.machine(name).readFile(file)
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    return blocks.map((pem) => new X509Certificate(pem))
  }
  /** Fingerprints of the CAs that an API server trusts for etcd. */
  const trusted = async (name: string) =>
    (await certificatesIn(name, PLACES.etcd.ca)).map(({ fingerprint256 }) => fingerprint256)

  /** The client-visible impact. */
  const rotate = async (...words: readonly string[]) => {
    const traffic = await startTraffic(api)
    try {
      await quorateOk(lab, ['certs', 'rotate-ca', ...words, '--yes', '--no-probe'])
    } finally {
      process.stderr.write(describeReport(['rotate-ca', ...words].join(' '), await traffic.stop()))
    }
    const { reads, writes } = await traffic.stop()
    expect([...reads.failed, ...writes.failed]).toEqual([])
    expect(Math.max(reads.longestGapMs, writes.longestGapMs)).toBeLessThan(LONGEST_GAP_MS)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  }

  test(
    'every API server trusts the new CA in addition to the old one before a member has a certificate from it',
    async () => {
      await rotate('--trust-only')
      for (const name of MASTERS) {
        const all = await trusted(name)
        expect(all).toHaveLength(2)
        expect(all).toContain(old)
      }
    },
    STAGE_MS,
  )

  test(
    'members and API servers have certificates from the new one',
    async () => {
      await rotate()
      for (const name of MASTERS) {
        const [newer] = await certificatesIn(name, PLACES.etcd.ca)
        const [pair] = await certificatesIn(name, PLACES.etcd.certificate)
        expect(newer?.fingerprint256).not.toBe(old)
        expect(newer !== undefined && pair?.checkIssued(newer)).toBe(true)
      }
    },
    STAGE_MS,
  )

  test(
    'the old one is dropped everywhere',
    async () => {
      await rotate('--finish')
      for (const name of MASTERS) {
        const all = await trusted(name)
        expect(all).toHaveLength(1)
        expect(all).not.toContain(old)
      }
    },
    STAGE_MS,
  )
})
