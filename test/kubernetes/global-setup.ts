/**
 * Once before all tests of Kubernetes: removes what crashed runs left, builds Kubernetes and the machines' file system.
 */
import { labBase } from '../../src/lab/base.ts'
import { sweepLabs } from '../../src/lab/sweep.ts'
import { LAB_ETCD, etcdBinaries } from '../lab/etcd-binaries.ts'
import { TEST_LABS } from '../lab/harness.ts'
import { buildIfOld } from '../lab/support/build.ts'
import { CONTAINER_PACKAGES, builtArtifacts, whyNoKubernetes } from './built.ts'
import { NINE_PACKAGES } from './nine.ts'

export async function setup(): Promise<() => Promise<void>> {
  const reason = await whyNoKubernetes()
  if (reason !== undefined) {
    report(`tests of Kubernetes skipped: ${reason}`)
    return async () => undefined
  }
  await sweepLabs(TEST_LABS, ({ text }) => report(text))
  for (const packages of [CONTAINER_PACKAGES, NINE_PACKAGES])
    await labBase({ suite: 'trixie', packages, emit: ({ text }) => report(text) })
  // The etcd of the nine machines: the first time it takes minutes, longer than a test may.
  await etcdBinaries(LAB_ETCD.version, { signal: AbortSignal.timeout(40 * 60_000), report })
  await builtArtifacts(report)
  await buildIfOld()
  return async () => void (await sweepLabs(TEST_LABS, ({ text }) => report(text)))
}

function report(text: string): void {
  process.stderr.write(`${text}\n`)
}
