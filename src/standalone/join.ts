/** Joins a Node.js binary and a program into one file, which is sent to a backup node or becomes part of a release. */
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runProgram } from '../artifacts/program.ts'
import { QuorateError } from '../errors.ts'
import { injectBlob, unfit } from './inject.ts'

export interface JoinedParts {
  /** The Node.js binary that becomes part of the file; for any processor. */
  readonly base: string
  /** The Node.js binary of the workstation that prepares the program: the same version as `base`, or `base` itself. */
  readonly writer: string
  /** Absolute path of the whole program in one CommonJS file. */
  readonly program: string
  /** A directory for temporary files, which are removed when this returns. */
  readonly draft: string
  readonly signal: AbortSignal
}

const BLOB_TIMEOUT_MS = 60_000

/**
 * The pieces of the file, in order. The same parts make the same bytes, whatever their paths are.
 *
 * @throws QuorateError `artifact` if the base can't contain a program, or the writer can't prepare it
 */
export async function joined({
  base,
  writer,
  program,
  draft,
  signal,
}: JoinedParts): Promise<readonly Buffer[]> {
  const binary = await readFile(base)
  const reason = unfit(binary)
  if (reason !== undefined) {
    throw new QuorateError('artifact', `${base} can't become part of quorate as one file: it ${reason}`, {
      hint: 'run quorate with a Node.js of nodejs.org or of the npm package node, which have such a place',
    })
  }
  return injectBlob(binary, await blobOf(writer, program, draft, signal))
}

/**
 * The format is Node.js's own and differs between versions. It doesn't differ between processors as long as it contains
 * no compiled code (nodejs.org, Single executable applications).
 */
async function blobOf(writer: string, program: string, draft: string, signal: AbortSignal): Promise<Buffer> {
  // The blob contains the given name of the program. A name without a directory is the same on every workstation.
  const [config, main, output] = ['sea.json', 'quorate.cjs', 'sea.blob'] as const
  // Compiled code (useCodeCache) would start in 0.07 s instead of 0.15 s. But it differs from build to build, and
  // import(), which the SDK for S3 needs, doesn't work with it.
  const settings = {
    main,
    output,
    disableExperimentalSEAWarning: true,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  }
  await symlink(program, path.join(draft, main))
  await writeFile(path.join(draft, config), JSON.stringify(settings))
  const { exitCode, stderr } = await runProgram(writer, ['--experimental-sea-config', config], {
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: draft,
    signal,
    timeoutMs: BLOB_TIMEOUT_MS,
  })
  if (exitCode !== 0) {
    throw new QuorateError('artifact', `${writer} can't prepare quorate as one file: ${stderr.trim()}`, {
      hint: 'run quorate with Node.js 22.15 or newer',
    })
  }
  const blob = await readFile(path.join(draft, output))
  await Promise.all([config, main, output].map(async (name) => await rm(path.join(draft, name))))
  return blob
}
