/** Compares what others have set for a member's unit with the cluster file, in words for the operator. */
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import { memberEnvironment } from './configuration.ts'
import { type ForeignSetting, type Surroundings, foreignSettings } from './foreign-settings.ts'
import { isTypeable } from '../spec/typeable.ts'
import { settingFaults } from './settings.ts'
import { unitFile } from './unit-file.ts'
import { environmentNames } from './versions.ts'

/** Settings around a node's unit; undefined: none. */
export interface Foreign {
  readonly cluster: Cluster
  /** Name of an etcd node. */
  readonly host: string
  readonly surroundings: Surroundings | undefined
  /** Path of the effective unit file, if there is one. */
  readonly unitPath?: string | undefined
  /** The current content of its options file, if there is one. */
  readonly options?: Readonly<Record<string, string>> | undefined
}

/** systemd's directories whose files must not be moved: packages own them, or a generator writes them again. */
const OF_OTHERS = /^(?:\/usr|\/lib|\/run\/systemd\/(?:generator|transient))|\/service\.d\//
const OWN_PLACE = '/etc/systemd/system/etcd.service.d'
/** Directories with priority over the one of quorate's unit (systemd.unit(5)). */
const OVERRULES =
  /^\/(?:etc|run)\/systemd\/system\.control\/|^\/run\/systemd\/(?:transient|generator\.early)\//
/** quorate's own, until a restore has finished: `restore.sh`. */
const FIRST_START = '/run/systemd/system/etcd.service.d/quorate-first-start.conf'
/** How many settings of one drop-in are named. */
const NAMED = 4

/** Everything that isn't quorate's, harmful or not. */
export function settingsOf({
  cluster,
  host,
  surroundings,
  options = {},
}: Foreign): readonly ForeignSetting[] {
  const node = etcdNodes(cluster).find(({ name }) => name === host)
  if (surroundings === undefined || node === undefined) return []
  // With settings that etcd refuses, only existing members are started.
  const refused = settingFaults(cluster.etcd.version, cluster.etcd.settings).length > 0
  const wanted = refused
    ? options
    : memberEnvironment({ cluster, node, members: etcdNodes(cluster), token: '', state: 'existing' })
  const initial = Object.entries(options).filter(([name]) => name.startsWith('ETCD_INITIAL_CLUSTER'))
  return foreignSettings(
    {
      unit: unitFile({ cluster }),
      environment: { ...wanted, ...Object.fromEntries(initial) },
      // With a configuration file, etcd would ignore all other settings.
      known: new Set([...environmentNames(cluster.etcd.version), 'ETCD_CONFIG_FILE']),
    },
    { ...surroundings, dropIns: surroundings.dropIns.filter(({ path }) => path !== FIRST_START) },
  )
}

export interface ForeignTrouble {
  readonly message: string
  readonly hint: string
}

/** Settings that change quorate's own decisions, by source. No member may be started with them. */
export function foreignTroubles(foreign: Foreign): readonly ForeignTrouble[] {
  const { host, unitPath = '' } = foreign
  if (OVERRULES.test(unitPath)) {
    const message = `unit file ${unitPath} overrides quorate's own in /etc/systemd/system`
    const fix = unitPath.includes('/system.control/')
      ? takenBack({ dropIn: unitPath, what: '' }, undefined)
      : 'stop what makes it (systemd-run, a generator), remove it, then systemctl daemon-reload'
    return [{ message, hint: `on ${host}: ${fix}` }]
  }
  const harmful = settingsOf(foreign).filter((one) => one.harmful)
  const sources = [...new Set(harmful.map(({ dropIn }) => dropIn))]
  return sources.flatMap((dropIn) => {
    const own = harmful.filter((one) => one.dropIn === dropIn)
    return dropIn === undefined ? own.map((one) => ambient(foreign, one)) : [dropped(foreign, dropIn, own)]
  })
}

/** Drop-ins that change nothing that quorate decides, as `PATH (Nice, CPUAffinity)`. */
export function keptDropIns(foreign: Foreign): readonly string[] {
  const all = settingsOf(foreign)
  const kept = [...new Set(all.flatMap(({ dropIn }) => dropIn ?? []))].filter((path) =>
    all.every(({ dropIn, harmful }) => dropIn !== path || !harmful),
  )
  return kept.map((path) => `${path} (${named(all.filter(({ dropIn }) => dropIn === path))})`)
}

function named(settings: readonly ForeignSetting[]): string {
  const what = settings.map((one) => one.what)
  return what.slice(0, NAMED).join(', ') + (what.length > NAMED ? ` and ${what.length - NAMED} more` : '')
}

function dropped(
  { host, surroundings }: Foreign,
  dropIn: string,
  own: readonly ForeignSetting[],
): ForeignTrouble {
  const isEtcds = own.some(({ variable }) => variable?.startsWith('ETCD_'))
  const keep = isEtcds ? 'move the settings that etcd needs to the cluster file (etcd.settings), then ' : ''
  return {
    message: `a drop-in of etcd.service overrides quorate's settings: ${dropIn} sets ${named(own)}`,
    hint: `${keep}run on ${host}: ${takenBack({ dropIn, what: '' }, surroundings)}`,
  }
}

function ambient({ host, surroundings }: Foreign, one: ForeignSetting): ForeignTrouble {
  return {
    message: `systemd gives ${one.what} to every service, so etcd would start with it`,
    hint: `if etcd needs it, set it in the cluster file (etcd.settings); then remove it from systemd, on ${host}: ${takenBack(one, surroundings)}`,
  }
}

/** Commands, or manual steps, that make the setting ineffective. */
export function takenBack(
  { dropIn, what }: Pick<ForeignSetting, 'dropIn' | 'what'>,
  surroundings: Surroundings | undefined,
): string {
  if (dropIn === undefined) {
    const file = surroundings?.ambientFiles[what]
    if (file === undefined) return `systemctl unset-environment ${what}`
    return `remove ${what} from DefaultEnvironment= in ${file}, then systemctl daemon-reexec`
  }
  const name = dropIn.slice(dropIn.lastIndexOf('/') + 1)
  if (!isTypeable(dropIn))
    return 'give that file a name that does not end in .conf, then systemctl daemon-reload'
  if (!OF_OTHERS.test(dropIn)) return `mv ${dropIn} ${dropIn}.off && systemctl daemon-reload`
  return `mkdir -p ${OWN_PLACE} && ln -s /dev/null ${OWN_PLACE}/${name} && systemctl daemon-reload`
}
