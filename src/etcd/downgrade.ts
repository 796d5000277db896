/**
 * etcd's own downgrade to the previous minor. One call validates, enables and cancels it, and etcd ends it once every
 * member runs the older minor. From 3.6 on, a member's status shows it; 3.5 supports it, but doesn't show it.
 *
 * Sources: https://etcd.io/docs/v3.7/downgrades/downgrade_3_7/ and …/downgrade_3_6/, etcd's server/etcdserver/version.
 */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { isFailedPrecondition, isInvalidArgument } from './failure.ts'
import { DowngradeRequest_DowngradeAction as Action, Maintenance } from './gen/maintenance_pb.ts'
import { compareMinors, minorBefore, minorIn } from './minor.ts'
import { FIRST_TO_DOWNGRADE } from './upgrade-path.ts'
import type { ReachableMember } from './view.ts'

/** How long a member may take to return its status, in ms. */
const STATUS_MS = 2_000

/** What etcd answers about a downgrade to a minor. */
export type DowngradeVerdict =
  | 'possible'
  /** One is enabled already, to any minor. */
  | 'under-way'
  /** The cluster isn't of the minor above: not yet, or no longer. */
  | 'other-minor'

/** The versions that one member reports: minors, like `3.6`. */
export interface Standing {
  readonly name: string
  /** Of its process. */
  readonly minor: string | undefined
  /** Of its data; undefined: older than 3.6, which doesn't report it. */
  readonly storage: string | undefined
  /** Of the enabled downgrade; undefined: none is enabled, or the member is older than 3.6. */
  readonly target: string | undefined
}

/**
 * The target minor of an enabled downgrade, if at least half of the members that can report it agree. Members of 3.5
 * can't report it. A single member that reports a wrong or outdated target doesn't block anything. undefined: none.
 */
export function enabledDowngrade(
  members: readonly Pick<ReachableMember, 'version' | 'downgradeTarget'>[],
): string | undefined {
  const able = members.filter(
    ({ version, downgradeTarget }) => downgradeTarget !== undefined || tellsDowngrades(version),
  )
  const said = able.flatMap(({ downgradeTarget }) => downgradeTarget ?? [])
  return said.find((target) => 2 * said.filter((other) => other === target).length >= able.length)
}

function tellsDowngrades(version: string): boolean {
  const minor = minorIn(version)
  return minor !== undefined && compareMinors(minor, FIRST_TO_DOWNGRADE) >= 0
}

/** Changes nothing. @param target a minor, `3.5`. @throws QuorateError `etcd`, for example if etcd's users forbid it. */
export async function validateDowngrade(
  client: MemberClient,
  target: string,
  signal?: AbortSignal,
): Promise<DowngradeVerdict> {
  const request = { action: Action.VALIDATE, version: `${target}.0` }
  try {
    await client.call(Maintenance.method.downgrade, request, { signal })
    return 'possible'
  } catch (thrown) {
    if (isFailedPrecondition(thrown)) return 'under-way'
    if (isInvalidArgument(thrown)) return 'other-minor'
    throw thrown
  }
}

/** @throws QuorateError `etcd` */
export async function enableDowngrade(
  client: MemberClient,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  await client.call(
    Maintenance.method.downgrade,
    { action: Action.ENABLE, version: `${target}.0` },
    { signal },
  )
}

/** etcd reports success even if it failed: check the members' status. @throws QuorateError `etcd` */
export async function cancelDowngrade(client: MemberClient, signal?: AbortSignal): Promise<void> {
  await client.call(Maintenance.method.downgrade, { action: Action.CANCEL }, { signal })
}

/** The versions of every member that answers. @throws QuorateError `cancelled` */
export async function readStandings(
  clients: readonly MemberClient[],
  signal?: AbortSignal,
): Promise<readonly Standing[]> {
  const answers = await Promise.all(
    clients.map(async (client): Promise<Standing | undefined> => {
      try {
        const status = await client.call(Maintenance.method.status, {}, { timeoutMs: STATUS_MS, signal })
        const { enabled = false, targetVersion = '' } = status.downgradeInfo ?? {}
        return {
          name: client.name,
          minor: minorIn(status.version),
          storage: minorIn(status.storageVersion),
          target: enabled ? (minorIn(targetVersion) ?? 'unknown') : undefined,
        }
      } catch (thrown) {
        if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
        return undefined
      }
    }),
  )
  return answers.filter((standing) => standing !== undefined)
}

/**
 * Whether a downgrade is enabled in a cluster whose members are all older than 3.6, and so don't report it. Validates a
 * downgrade that is never wanted to find out. Members before 3.5 don't support downgrades.
 *
 * @param minor of the cluster
 * @throws QuorateError `etcd`
 */
export async function isSecretlyEnabled(
  client: MemberClient,
  minor: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (minor !== '3.5') return false
  return (await validateDowngrade(client, minorBefore(minor), signal)) === 'under-way'
}
