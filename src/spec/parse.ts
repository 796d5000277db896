/** Parses a cluster file, and reports all its problems at once, each with its position. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { QuorateError } from '../errors.ts'
import { readBytes } from '../files/read-file.ts'
import { checkChoices } from './check-choices.ts'
import { checkEtcd } from './check-etcd.ts'
import { checkKubernetes } from './check-kubernetes.ts'
import { checkLoadBalancer } from './check-load-balancer.ts'
import { checkNodes } from './check-nodes.ts'
import type { Cluster } from './cluster.ts'
import { readYaml } from './document.ts'
import type { YamlDocument } from './document.ts'
import { explainIssues, withoutFaults } from './issues.ts'
import { formatProblems, sortProblems } from './problem.ts'
import type { Problem } from './problem.ts'
import type { Partly, Report, Reporter } from './report.ts'
import { resolveCluster } from './resolve.ts'
import { withRoles } from './role-alias.ts'
import { clusterFileSchema } from './schema.ts'
import type { ClusterFile } from './schema.ts'
import { counted } from './units.ts'

/**
 * A check from another module, for a file that is otherwise valid. Its paths are the file's, e.g. `['network',
 * 'Network']`.
 */
export type ExtraCheck = (cluster: Cluster) => readonly Report[]

export interface ParseOptions {
  readonly extraChecks?: readonly ExtraCheck[]
  /** The directory that `~` stands for; default: the user's home. Absolute. */
  readonly home?: string
}

export interface Parsed {
  /** Present unless a problem is an error. */
  readonly cluster?: Cluster
  /** Errors and warnings in the file's order. */
  readonly problems: readonly Problem[]
}

/** `path` is shown in problems as given; relative paths in the file start from its directory. */
export function parseClusterFile(text: string, path: string, options: ParseOptions = {}): Parsed {
  const document = readYaml(text)
  const problems = (reports: readonly Report[]) => place(reports, document, path)
  if (document.complaints.length > 0) {
    const found = document.complaints.map((complaint) => ({
      severity: 'error' as const,
      file: path,
      ...complaint,
    }))
    return { problems: sortProblems(found) }
  }
  if (document.data === null || document.data === undefined) {
    return {
      problems: problems([
        { severity: 'error', path: [], message: 'the file is empty', hint: 'write one with `quorate init`' },
      ]),
    }
  }
  const data = withRoles(document.data)
  const result = clusterFileSchema.safeParse(data)
  const issues = result.success ? [] : result.error.issues
  const reports = [
    ...explainIssues(issues, document),
    ...checkTogether(withoutFaults(data, issues) as Partly<ClusterFile>, (at) => document.locate(at).line),
  ]
  if (!result.success || reports.some((report) => report.severity === 'error'))
    return { problems: problems(reports) }
  const cluster = resolveCluster(result.data, resolve(path), options.home ?? homedir())
  reports.push(...(options.extraChecks ?? []).flatMap((check) => check(cluster)))
  const all = problems(reports)
  return all.some((problem) => problem.severity === 'error') ? { problems: all } : { cluster, problems: all }
}

/** The errors of content with valid single values, before it is written as a file: without positions. */
export function contentFaults(
  content: ClusterFile,
  extraChecks: readonly ExtraCheck[] = [],
): readonly Report[] {
  const together = checkTogether(content, () => undefined).filter(isError)
  if (together.length > 0) return together
  const cluster = resolveCluster(content, resolve('cluster.yaml'), homedir())
  return extraChecks.flatMap((check) => check(cluster)).filter(isError)
}

function isError({ severity }: Report): boolean {
  return severity === 'error'
}

/**
 * The cluster of a file, with its warnings.
 *
 * @throws QuorateError 'cluster-file' with every problem on its own line, or saying why the file can't be read.
 */
export async function loadCluster(
  path: string,
  options: ParseOptions = {},
): Promise<{ readonly cluster: Cluster; readonly warnings: readonly Problem[] }> {
  const { cluster, problems } = await readClusterFile(path, options)
  if (cluster === undefined) {
    const errors = problems.filter((problem) => problem.severity === 'error').length
    const title = errors === 1 ? '' : `${counted(errors, 'error')} in the cluster file\n`
    throw new QuorateError('cluster-file', `${title}${formatProblems(problems)}`)
  }
  return { cluster, warnings: problems }
}

/** As `parseClusterFile`, for a file. @throws QuorateError 'cluster-file' saying why the file can't be read. */
export async function readClusterFile(path: string, options: ParseOptions = {}): Promise<Parsed> {
  return parseClusterFile(await readText(path), path, options)
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readBytes(path, { code: 'cluster-file' })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') {
      const hint = 'write one with `quorate init`, or name another with -f FILE'
      throw new QuorateError('cluster-file', `there is no cluster file ${path}`, { hint, cause: error })
    }
    if (code === 'EISDIR') {
      throw new QuorateError('cluster-file', `${path} is a directory`, {
        hint: 'name the file in it with -f FILE',
        cause: error,
      })
    }
    throw QuorateError.from(error, 'cluster-file', `the cluster file ${path} can't be read`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new QuorateError('cluster-file', `${path} is not UTF-8 text`, {
      hint: 'save it as UTF-8',
      cause: error,
    })
  }
}

/** Checks of several values together, on what the schema has accepted. */
function checkTogether(file: Partly<ClusterFile>, lineOf: Reporter['lineOf']): readonly Report[] {
  const found: Report[] = []
  const add =
    (severity: Report['severity']): Reporter['error'] =>
    (path, message, hint, part) => {
      found.push({
        severity,
        path,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(part === undefined ? {} : { part }),
      })
    }
  const reporter: Reporter = {
    error: add('error'),
    warning: add('warning'),
    lineOf,
  }
  for (const check of [checkNodes, checkEtcd, checkChoices, checkLoadBalancer, checkKubernetes])
    check(file, reporter)
  return found
}

function place(reports: readonly Report[], document: YamlDocument, file: string): readonly Problem[] {
  return sortProblems(
    reports.map(({ severity, path, part, message, hint }) => ({
      severity,
      file,
      ...document.locate(path, part),
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
  )
}
