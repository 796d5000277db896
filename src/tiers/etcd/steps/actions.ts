/** What each step does, in one word: for the marks of a plan, its counts and its JSON. */
import type { AnyStep } from './steps.ts'

/** `check`: it reads, waits or compares, and changes nothing that stays. */
export const ACTIONS = ['create', 'change', 'start', 'restart', 'stop', 'remove', 'check'] as const
export type Action = (typeof ACTIONS)[number]

/** `made`: depends on what is there (`StepCommon.creates`). */
const BY_KIND: Readonly<Record<AnyStep['kind'], Action | 'made'>> = {
  packages: 'create',
  user: 'made',
  directory: 'made',
  binaries: 'made',
  file: 'made',
  key: 'made',
  certificates: 'made',
  ca: 'made',
  'tls-modes': 'change',
  reload: 'change',
  enable: 'change',
  start: 'start',
  ready: 'check',
  restart: 'restart',
  stop: 'stop',
  aside: 'remove',
  remove: 'remove',
  authority: 'create',
  'await-health': 'check',
  verify: 'check',
  compare: 'check',
  canary: 'check',
  'move-leader': 'change',
  'member-add': 'create',
  promote: 'change',
  'member-remove': 'remove',
  'member-update': 'change',
  'downgrade-enable': 'change',
  'downgrade-await': 'check',
  'downgrade-cancel': 'change',
  network: 'made',
  'hand-over': 'change',
  'restart-member': 'restart',
  'stop-member': 'stop',
  'start-member': 'start',
  defragment: 'change',
  compact: 'remove',
  disarm: 'change',
  'prove-write': 'check',
  fence: 'stop',
  copy: 'create',
  place: 'change',
  begin: 'start',
  clear: 'remove',
  release: 'start',
  'restore-stage': 'create',
  'restore-halt': 'stop',
  'restore-place': 'change',
  'restore-unchecked': 'change',
  'restore-finish': 'start',
}

export function actionOf(step: AnyStep): Action {
  const action = BY_KIND[step.kind]
  if (action !== 'made') return action
  const isNew = 'before' in step ? step.before === undefined : step.creates === true
  return isNew ? 'create' : 'change'
}

/** How many steps of each action a plan has. */
export function countActions(steps: readonly AnyStep[]): Readonly<Record<Action, number>> {
  const count = (action: Action) => steps.filter((step) => actionOf(step) === action).length
  return {
    create: count('create'),
    change: count('change'),
    start: count('start'),
    restart: count('restart'),
    stop: count('stop'),
    remove: count('remove'),
    check: count('check'),
  }
}

/** Whether a member is stopped, restarted or taken out of the cluster by one of them. */
export function stopsMember(steps: readonly AnyStep[]): boolean {
  return steps.some(
    (step) => step.danger !== 'none' && ['restart', 'stop', 'remove'].includes(actionOf(step)),
  )
}

/** One turn in the order of a plan: members that start, restart or stop at once, or a change of who leads or belongs. */
export interface Turn {
  readonly action: Action
  /** Nodes; more than one: all at once. Empty: it concerns the cluster as a whole. */
  readonly hosts: readonly string[]
  readonly what: string
}

const OF_CLUSTER: ReadonlySet<AnyStep['kind']> = new Set([
  'move-leader',
  'hand-over',
  'member-add',
  'promote',
  'member-remove',
])

/** The order in which members are started, restarted and stopped, from the order of the waves. */
export function turnsOf(waves: readonly (readonly AnyStep[])[]): readonly Turn[] {
  return waves.flatMap((wave) => {
    const cluster = wave
      .filter(({ kind }) => OF_CLUSTER.has(kind))
      .map((step): Turn => ({ action: actionOf(step), hosts: [], what: step.what }))
    const members = (['stop', 'restart', 'start'] as const).flatMap((action): Turn[] => {
      const hosts = wave.flatMap((step) =>
        step.host !== undefined && actionOf(step) === action ? [step.host] : [],
      )
      if (hosts.length === 0) return []
      const names = [...new Set(hosts)]
      const together = names.length > 1 ? ' at the same time' : ''
      return [{ action, hosts: names, what: `${action} ${names.join(', ')}${together}` }]
    })
    return [...cluster, ...members]
  })
}
