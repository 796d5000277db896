/**
 * Adopted members that something else than systemd's `etcd.service` runs. They are left alone, with one way out: the kubelet
 * stops what has no manifest any more. A member whose manifest was moved away is taken over while others are left as they are.
 */
import { PATHS } from '../../../host/state.ts'
import { isKeptStopped } from '../plan/kept.ts'
import type { Member } from './losses.ts'
import { type Pin, runElsewhere } from './pin.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** Where quorate says to move the manifest: in no directory that a kubelet reads. */
const MANIFEST_ASIDE = '/etc/kubernetes/etcd.yaml.before-quorate'

/** Why this member is left alone; undefined: it is quorate's to run. What was taken over before is of use by itself. */
export function elsewhereReason({
  node,
  state,
  pin,
}: Pick<Member, 'node' | 'state' | 'pin'>): BlockReason | undefined {
  const { runBy } = pin ?? {}
  if (runBy === undefined) return undefined
  const host = node.name
  if (!isKubelets(runBy)) return runElsewhere(host, runBy)
  if (state.paths[PATHS.kubeletManifest] !== undefined)
    return {
      ...runElsewhere(host, runBy),
      putsOff: true,
      hint: `status, etcdctl, probe and the like work. To have quorate run it, move its manifest on this machine alone: mv ${PATHS.kubeletManifest} ${MANIFEST_ASIDE}; then apply. One machine after the other, and first read "A static pod" in docs/guides/adopt.md`,
    }
  if (state.listening.length === 0) return undefined
  return {
    host,
    message: `${PATHS.kubeletManifest} is gone, but its etcd still runs`,
    putsOff: true,
    hint: 'the kubelet stops it within a minute: run the same command again then',
  }
}

/**
 * Whether there is a member to take over now, while others stay with the kubelet: it is quorate's to run and is down, but was
 * not stopped by an operator of quorate's.
 */
export function hasReleased(members: readonly Member[]): boolean {
  return members.some(
    (member) =>
      member.pin !== undefined &&
      elsewhereReason(member) === undefined &&
      member.hasData &&
      !member.active &&
      !isKeptStopped(member.state),
  )
}

function isKubelets(runBy: Required<Pin>['runBy']): boolean {
  return runBy?.endsWith(`, from ${PATHS.kubeletManifest}`) === true
}
