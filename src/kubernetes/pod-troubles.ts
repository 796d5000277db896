/**
 * Pods that a kubelet can't start, as its own log says it: before an API server runs nothing else does, and later the log says of
 * static pods, of the sandbox's image and of all others the same in one place. Pure.
 */
import { oneLine } from '../spec/visible.ts'

export interface PodTrouble {
  /** `kube-system/kube-apiserver-master01` */
  readonly pod: string
  /** The kubelet's word: `ErrImagePull`, `CrashLoopBackOff`. */
  readonly reason: string
  /** The image that can't be had; undefined: it is about something else. */
  readonly image: string | undefined
  readonly message: string
}

const LINE =
  /"Error syncing pod, skipping" err="(?<error>(?:[^"\\]|\\.)*)" pod="(?<pod>[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253})"/
const FAILURE = /failed to "(?<what>\w+)" for "[^"]{1,600}" with (?<reason>\w{1,60}): "(?<message>.*)/
const IMAGE = /image "(?<image>[\w./:@-]{1,400})"/

/** Reasons of a container whose image is missing; of a sandbox the message alone tells it. */
const IMAGE_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
])

/** @param log lines of a kubelet, the latest last @returns one a pod: what was said of it last */
export function parsePodTroubles(log: string): readonly PodTrouble[] {
  const found = new Map<string, PodTrouble>()
  for (const line of log.split('\n')) {
    const { error = '', pod } = LINE.exec(line)?.groups ?? {}
    // Quoted two or three times over, each with its own backslashes.
    const { what, reason, message = '' } = FAILURE.exec(error.replaceAll('\\', ''))?.groups ?? {}
    if (pod === undefined || what === undefined || reason === undefined) continue
    const names = IMAGE_REASONS.has(reason) || message.includes('sandbox image')
    const image = names ? IMAGE.exec(message)?.groups?.['image'] : undefined
    found.delete(pod)
    found.set(pod, { pod, reason, image, message: oneLine(message.replace(/"$/, ''), 300) })
  }
  return [...found.values()]
}

/** In one line, of a node: `kube-system/coredns-1 does not start: ErrImagePull: …`. */
export function describePodTrouble({ pod, reason, image, message }: PodTrouble): string {
  const what = image === undefined ? '' : ` (image ${image})`
  return `${pod} does not start: ${reason}${what}: ${message}`
}
