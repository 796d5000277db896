/** Compares the versions that programs report with the cluster file. */
import { chmod, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import type { ArtifactContext } from '../artifact.ts'
import { runProgram } from '../program.ts'

const TIMEOUT_MS = 30_000

export interface Claim {
  /** Name of the program's file. */
  readonly file: string
  /** The name to start it by, if that differs. */
  readonly startedAs?: string
  readonly args: readonly string[]
  /** A line that its output must contain. */
  readonly line: string
}

/** For each program, its output for this version. */
export const CLAIMS = {
  kubeadm: (version: string) => ({ args: ['version', '-o', 'short'], line: `v${version}` }),
  kubelet: (version: string) => ({ args: ['--version'], line: `Kubernetes v${version}` }),
  kubectl: (version: string) => ({ args: ['version', '--client'], line: `Client Version: v${version}` }),
  flanneld: (version: string) => ({ args: ['--version'], line: `v${version}` }),
} as const

/**
 * Makes each program executable and runs it with an empty environment to read its version. If they can't be run at all
 * (a filesystem mounted noexec), emits an event.
 *
 * @param directory absolute path of the files' directory
 * @throws QuorateError `artifact` if one has another version
 */
export async function checkClaims(
  folder: string,
  claims: readonly Claim[],
  origin: string,
  { signal, emit }: Pick<ArtifactContext, 'signal' | 'emit'>,
): Promise<void> {
  for (const { file, startedAs = file, args, line } of claims) {
    const program = path.join(folder, startedAs)
    await chmod(path.join(folder, file), 0o755)
    if (startedAs !== file) await symlink(file, program)
    const result = await runProgram(program, args, { env: {}, signal, timeoutMs: TIMEOUT_MS })
    if (startedAs !== file) await rm(program)
    if (result.notStarted === 'EACCES') {
      emit({
        kind: 'artifact',
        text: `${program} can't be run on the workstation (perhaps mounted noexec): its version was not verified`,
      })
      continue
    }
    // flanneld answers on standard error.
    const said = `${result.stdout}\n${result.stderr}`.split('\n').map((one) => one.trim())
    if (said.includes(line)) continue
    throw new QuorateError('artifact', `${startedAs} from ${origin} does not print '${line}'`, {
      id: 'another-version-is-printed',
      hint: "correct Kubernetes' version in the cluster file, or name the right source (kubernetes.source)",
      cause: new Error(said.find((one) => one !== '') ?? `exit code ${result.exitCode}`),
    })
  }
}
