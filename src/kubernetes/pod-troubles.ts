/**
 * Finds pods that a kubelet can't start in its own log. Before an API server runs, the log is the only source. Later it
 * still covers static pods, the sandbox's image and all others in one place. Pure.
 */
import { oneLine } from '../spec/visible.ts'

export interface PodTrouble {
  /** `kube-system/kube-apiserver-master01` */
  readonly pod: string
  /** The kubelet's reason: `ErrImagePull`, `CrashLoopBackOff`. */
  readonly reason: string
  /** The image that can't be pulled; undefined: another cause. */
  readonly image: string | undefined
  readonly message: string
}

const LINE =
  /"Error syncing pod, skipping" err="(?<error>(?:[^"\\]|\\.)*)" pod="(?<pod>[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253})"/
const FAILURE = /failed to "(?<what>\w+)" for "[^"]{1,600}" with (?<reason>\w{1,60}): "(?<message>.*)/
const IMAGE = /image "(?<image>[\w./:@-]{1,400})"/

/** Reasons for a container whose image is missing; for a sandbox only the message says so. */
const IMAGE_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
])

/** @param log lines of a kubelet, the latest last @returns one per pod: the latest message */
export function parsePodTroubles(log: string): readonly PodTrouble[] {
  const found = new Map<string, PodTrouble>()
  for (const line of log.split('\n')) {
    const { error = '', pod } = LINE.exec(line)?.groups ?? {}
    // Quoted two or three times, each time with additional backslashes.
    const { what, reason, message = '' } = FAILURE.exec(error.replaceAll('\\', ''))?.groups ?? {}
    if (pod === undefined || what === undefined || reason === undefined) continue
    const names = IMAGE_REASONS.has(reason) || message.includes('sandbox image')
    const image = names ? IMAGE.exec(message)?.groups?.['image'] : undefined
    found.delete(pod)
    found.set(pod, { pod, reason, image, message: oneLine(message.replace(/"$/, ''), 300) })
  }
  return [...found.values()]
}

/** On one line, for a node: `kube-system/coredns-1 does not start: ErrImagePull: …`. */
export function describePodTrouble({ pod, reason, image, message }: PodTrouble): string {
  const what = image === undefined ? '' : ` (image ${image})`
  return `${pod} does not start: ${reason}${what}: ${message}`
}
