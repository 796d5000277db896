import { QuorateError } from '../errors.ts'
import type { ArtifactContext } from './artifact.ts'
import { ownArchitecture } from './artifact.ts'
import { runProgram } from './program.ts'

const TIMEOUT_MS = 10_000

/**
 * Throws an `artifact` error unless `etcd --version` prints this version. Runs it with a separate environment, because
 * etcd reads every `ETCD_*` variable. If it can't be run at all (a filesystem mounted noexec), emits an event.
 */
export async function checkClaimedVersion(
  file: string,
  version: string,
  origin: string,
  context: ArtifactContext,
): Promise<void> {
  // etcd 3.3 and 3.4 refuse arm64 unless this variable is set.
  const env = ownArchitecture() === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {}
  const result = await runProgram(file, ['--version'], { env, signal: context.signal, timeoutMs: TIMEOUT_MS })
  if (result.notStarted === 'EACCES') {
    const text = `${file} can't be run on the workstation (perhaps mounted noexec): its version was not verified`
    context.emit({ kind: 'artifact', text })
    return
  }
  const claimed = /^etcd Version: (\S+)/m.exec(result.stdout)?.[1]
  if (claimed === version) return
  const found = claimed === undefined ? "doesn't report its version" : `is version ${claimed}`
  throw new QuorateError('artifact', `etcd from ${origin} ${found}, but the cluster file names ${version}`, {
    id: 'another-version-is-printed',
    hint: "correct etcd's version in the cluster file, or name the right source",
    cause: claimed === undefined ? new Error(result.stderr || `exit code ${result.exitCode}`) : undefined,
  })
}
