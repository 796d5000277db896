/**
 * Adopted members that don't run as systemd's `etcd.service`. quorate doesn't change them, with one exception: the kubelet
 * stops a pod without manifest. A member whose manifest was moved away is taken over, and the others stay unchanged.
 */
import { PATHS } from '../../../host/state.ts'
import { isKeptStopped } from '../plan/kept.ts'
import type { Member } from './losses.ts'
import { type Pin, runElsewhere } from './pin.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** Where to move the manifest: not a directory that a kubelet reads. */
const MANIFEST_ASIDE = '/etc/kubernetes/etcd.yaml.before-quorate'

/** Why this member isn't changed; undefined: quorate runs it. A partial takeover is allowed. */
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
      hint: `to let quorate run it, read "A static pod" in docs/guides/adopt.md. Then, one node at a time: mv ${PATHS.kubeletManifest} ${MANIFEST_ASIDE}, and quorate apply. Until then, use status, etcdctl and probe`,
    }
  if (state.listening.length === 0) return undefined
  return {
    id: 'static-pod-still-runs',
    host,
    message: `${PATHS.kubeletManifest} was removed, but its etcd still runs`,
    putsOff: true,
    hint: 'wait until the kubelet has stopped it (up to 1 minute), then rerun the command',
  }
}

/**
 * Whether there is a member to take over now, while others stay with the kubelet. quorate runs it and it is down, but
 * no operator stopped it with quorate.
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
