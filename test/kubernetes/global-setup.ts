/** Once before all tests of Kubernetes: clears away what crashed runs left, builds Kubernetes and the machines' file system. */
import { labBase } from '../../src/lab/base.ts'
import { sweepLabs } from '../../src/lab/sweep.ts'
import { TEST_LABS } from '../lab/harness.ts'
import { CONTAINER_PACKAGES, builtArtifacts, whyNoKubernetes } from './built.ts'

export async function setup(): Promise<() => Promise<void>> {
  const reason = await whyNoKubernetes()
  if (reason !== undefined) {
    report(`tests of Kubernetes skipped: ${reason}`)
    return async () => undefined
  }
  await sweepLabs(TEST_LABS, ({ text }) => report(text))
  await labBase({ suite: 'trixie', packages: CONTAINER_PACKAGES, emit: ({ text }) => report(text) })
  await builtArtifacts(report)
  return async () => void (await sweepLabs(TEST_LABS, ({ text }) => report(text)))
}

function report(text: string): void {
  process.stderr.write(`${text}\n`)
}
