/**
 * Settings of others for etcd.service: drop-ins of an earlier etcd, and variables that systemd gives to every service.
 * Settings that change quorate's own decisions are refused before anything starts; the rest is kept.
 */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { foreignTroubles, settingsOf, takenBack } from '../../../etcd/foreign-member.ts'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { type MemberState, PATHS, type UnitState } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { isTypeable } from '../../../spec/typeable.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** Everything that prevents a start of a member the way quorate configures it. */
export function foreignReasons(cluster: Cluster, { hosts }: Pick<Observed, 'hosts'>): readonly BlockReason[] {
  return etcdNodes(cluster).flatMap((node): readonly BlockReason[] => {
    const state = hosts[node.name]?.member
    if (state === undefined) return []
    const elsewhere = elsewhereReason(cluster, node, state)
    if (elsewhere !== undefined) return [elsewhere]
    return unitReasons(cluster, node.name, state.unit, optionsOf(state))
  })
}

/** For one unit: it is masked, or a foreign setting overrides quorate's. */
export function unitReasons(
  cluster: Cluster,
  host: string,
  { masked, surroundings, path }: Pick<UnitState, 'masked' | 'surroundings' | 'path'>,
  options?: Readonly<Record<string, string>>,
): readonly BlockReason[] {
  if (masked === true) {
    const message = "etcd.service is masked and can't be started"
    return [
      {
        id: 'unit-is-masked',
        host,
        message,
        hint: `to run etcd on ${host}, run on that node: systemctl unmask etcd.service`,
      },
    ]
  }
  return foreignTroubles({ cluster, host, surroundings, unitPath: path, options }).map((one) => ({
    host,
    ...one,
  }))
}

/**
 * Where the running process keeps its data, if neither the cluster file nor its options file says so: another setting was
 * effective when it started. Its data is not lost, whatever the directories of the file contain.
 */
export function dataElsewhere(
  { etcd: { dataDirectory, walDirectory } }: Cluster,
  state: MemberState,
): { readonly data: string; readonly wal: string } | undefined {
  const running = placesIn(state.unit.environment ?? {})
  if (running === undefined || state.unit.environment?.[UNIT_MARK] === undefined) return undefined
  const planned = placesIn(optionsOf(state))
  const isAt = (data: string, wal: string) => running.data === data && running.wal === wal
  if (isAt(dataDirectory, walDirectory) || (planned && isAt(planned.data, planned.wal))) return undefined
  return running
}

function placesIn(environment: Readonly<Record<string, string>>): { data: string; wal: string } | undefined {
  const data = environment['ETCD_DATA_DIR']?.replace(/(?<=.)\/+$/, '')
  if (!data) return undefined
  return { data, wal: environment['ETCD_WAL_DIR']?.replace(/(?<=.)\/+$/, '') || `${data}/member/wal` }
}

function optionsOf(state: MemberState): Readonly<Record<string, string>> {
  return parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
}

function elsewhereReason(
  cluster: Cluster,
  { name: host }: Node,
  state: MemberState,
): BlockReason | undefined {
  const running = dataElsewhere(cluster, state)
  if (running === undefined) return undefined
  const { dataDirectory, walDirectory } = cluster.etcd
  const { surroundings } = state.unit
  const set = settingsOf({ cluster, host, surroundings, options: optionsOf(state) }).find(
    ({ harmful, variable }) => harmful && (variable === 'ETCD_DATA_DIR' || variable === 'ETCD_WAL_DIR'),
  )
  const source = set === undefined ? '' : `: ${set.dropIn ?? 'systemd'} sets ${set.what}`
  const commands = [
    ...(set === undefined ? [] : [takenBack(set, surroundings)]),
    ...moves(cluster, state, running),
  ]
  // A process can change its visible environment.
  const isKnown = isTypeable(running.data) && isTypeable(running.wal)
  return {
    id: 'data-is-elsewhere',
    host,
    message: `etcd runs with data in ${running.data} and WAL in ${running.wal}, but the cluster file says ${dataDirectory} and ${walDirectory}${source}`,
    hint: isKnown
      ? `move the data (no data is lost): quorate stop ${host}; then on ${host}: ${commands.join(' && ')}; then quorate start ${host}`
      : `move the data by hand (no data is lost), between quorate stop ${host} and quorate start ${host}`,
  }
}

/** Commands that move data and WAL to the paths of the cluster file, once the member is stopped. */
function moves(
  { etcd: { dataDirectory, walDirectory } }: Cluster,
  { dataPresent, walPresent, paths }: MemberState,
  running: { readonly data: string; readonly wal: string },
): readonly string[] {
  const move = (from: string, to: string, taken: boolean): string[] => {
    if (from === to) return []
    const free = taken ? [`mv -T ${to} ${to}.before`] : paths[to] === undefined ? [] : [`rmdir ${to}`]
    return [...free, `mv -T ${from} ${to}`]
  }
  const within = running.wal.startsWith(`${running.data}/`)
  const wal = within ? `${dataDirectory}${running.wal.slice(running.data.length)}` : running.wal
  return [
    ...move(running.data, dataDirectory, dataPresent),
    ...move(wal, walDirectory, walPresent && !walDirectory.startsWith(`${dataDirectory}/`)),
  ]
}
