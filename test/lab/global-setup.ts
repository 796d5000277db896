/** Once before all lab tests: removes what crashed runs left, and builds the machines' file system if needed. */
import { labBase } from '../../src/lab/base.ts'
import type { LabEvent } from '../../src/lab/events.ts'
import { sweepLabs } from '../../src/lab/sweep.ts'
import { BUILT_VERSIONS, etcdBinaries } from './etcd-binaries.ts'
import { TEST_LABS, whyNoLab } from './harness.ts'
import { BALANCER_PACKAGES } from './support/api-servers.ts'
import { buildIfOld } from './support/build.ts'
import { DIRECTORY_PACKAGES } from './support/directory-users.ts'
import { S3_PACKAGES } from './support/s3-server.ts'

export async function setup(): Promise<() => Promise<void>> {
  const reason = whyNoLab()
  if (reason !== undefined) {
    process.stderr.write(`lab tests skipped: this computer ${reason}\n`)
    return async () => undefined
  }
  await sweepLabs(TEST_LABS, report)
  await Promise.all([machines(), etcds()])
  await buildIfOld()
  // Killed workers leave their labs behind as well.
  return async () => {
    await sweepLabs(TEST_LABS, report)
  }
}

/** Mostly waits for a mirror. */
async function machines(): Promise<void> {
  await labBase({ emit: report })
  await labBase({ packages: DIRECTORY_PACKAGES, emit: report })
  // The first time, it takes longer than a test's hook may.
  await labBase({ packages: S3_PACKAGES, emit: report })
  await labBase({ packages: BALANCER_PACKAGES, emit: report })
}

/** Mostly compiles: a minute or two each if nothing is built yet, which is longer than a test may take. */
async function etcds(): Promise<void> {
  const signal = AbortSignal.timeout(40 * 60_000)
  for (const version of BUILT_VERSIONS)
    await etcdBinaries(version, { signal, report: (text) => report({ text }) })
}

function report(event: Pick<LabEvent, 'text'>): void {
  process.stderr.write(`${event.text}\n`)
}
