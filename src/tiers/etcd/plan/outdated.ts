/** Why a running member must be restarted: its process was started with other settings than it should have. */
import { PEER_IDENTITY } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { environmentNames, flagName } from '../../../etcd/versions.ts'
import { readAlike } from '../../../etcd/flag-types.ts'
import { UNIT_MARK, unitMark } from '../../../etcd/unit-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import type { WantedFile } from './member-files.ts'

/** Needed only while a member starts: its next start uses the file's value. */
const AT_THE_START: ReadonlySet<string> = new Set(['ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK'])

/**
 * Reads the process's own environment, not the files: they may have been changed, or put back, since it was started.
 *
 * @returns phrases that complete 'it was started …'; empty: no restart is needed, or the member doesn't run.
 */
export function restartReasons(
  cluster: Cluster,
  state: MemberState,
  files: readonly WantedFile[],
): readonly string[] {
  const running = state.unit.environment
  const file = files.find(({ path }) => path === PATHS.environment)
  if (running === undefined || file === undefined) return []
  const wanted = parseEnvironmentFile(file.content)
  const names = new Set([
    ...Object.keys(wanted),
    ...Object.keys(running).filter((name) => name.startsWith('ETCD_')),
  ])
  // With its own configuration file, etcd would read none of these.
  const known = new Set([...environmentNames(cluster.etcd.version), 'ETCD_CONFIG_FILE'])
  const settings = [...names]
    // Ignored once a member has a WAL; after the first start, they are expected to differ.
    .filter((name) => !name.startsWith('ETCD_INITIAL_CLUSTER') && !AT_THE_START.has(name))
    // Variables of others that etcd doesn't read: a restart would neither change nor remove them.
    .filter((name) => name in wanted || known.has(name))
    .filter((name) => !readAlike(flagName(name), wanted[name] ?? '', running[name] ?? ''))
    .map((name) => describe(name, running[name], wanted[name]))
  // Between systemd's fork and etcd's exec.
  if (names.size > 0 && Object.keys(wanted).every((name) => running[name] === undefined))
    return ['without any of its settings in its environment']
  return running[UNIT_MARK] === unitMark({ cluster }) ? settings : [...settings, 'from another unit']
}

/** URLs at which the running process serves clients without TLS, and a process with these files won't. */
export function closedUrls(state: MemberState, files: readonly WantedFile[]): readonly string[] {
  const file = files.find(({ path }) => path === PATHS.environment)
  if (file === undefined) return []
  const stay = openUrls(parseEnvironmentFile(file.content))
  return openUrls(state.unit.environment ?? {}).filter((url) => !stay.includes(url))
}

/** The running process accepts Raft messages with any certificate of the CA, and a process with these files won't. */
export function closesPeers({ unit }: MemberState, files: readonly WantedFile[]): boolean {
  const file = files.find(({ path }) => path === PATHS.environment)
  const wanted = parseEnvironmentFile(file?.content ?? '')[PEER_IDENTITY]
  return wanted !== undefined && !unit.environment?.[PEER_IDENTITY]
}

function openUrls(environment: Readonly<Record<string, string>>): readonly string[] {
  return (environment['ETCD_LISTEN_CLIENT_URLS'] ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => /^http:/i.test(url))
}

function describe(name: string, running: string | undefined, wanted: string | undefined): string {
  if (name === PEER_IDENTITY && !running) {
    return `without ${name}=${wanted}: any certificate of the CA, even a client's, may send it Raft messages`
  }
  if (running === undefined) return `without ${name}=${wanted}`
  const now = `with ${name}=${running}`
  return wanted === undefined ? `${now}, which is removed` : `${now} instead of ${wanted}`
}
