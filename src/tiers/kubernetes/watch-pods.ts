/** Checks, while Kubernetes starts, whether a pod can't start: waiting is useless if its image is unavailable. */
import type { TierSession } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import { type PodTrouble, describePodTrouble, parsePodTroubles } from '../../kubernetes/pod-troubles.ts'
import program from '../../kubernetes/pod-troubles.sh?raw'
import type { Node } from '../../spec/cluster.ts'

/** A shorter delay isn't a problem, in ms. */
const QUIET_MS = 20_000
const EVERY_MS = 10_000
/** A problem that the kubelet has not repeated for this long is over, in seconds: it repeats it every 10 to 15. */
const WINDOW_SECONDS = 40
/** How long an image may be missing, in ms: a registry may fail for a moment. A kubelet tries four times in it. */
const IMAGE_MS = 60_000
/** Images that are never pulled can't appear by themselves. */
const AT_ONCE: ReadonlySet<string> = new Set(['ErrImageNeverPull', 'InvalidImageName'])

const LOOK_MS = 10_000

export interface PodWatch {
  /**
   * Checks if it is time to, and warns once about each pod that can't start.
   *
   * @throws QuorateError `kubernetes` for an image that stays unavailable
   */
  readonly look: () => Promise<void>
  /** The problems of the latest check, each with its node. */
  readonly troubles: () => readonly string[]
}

/** @param now a monotonic clock, in ms */
export function watchPods(
  session: Pick<TierSession, 'remote' | 'emit' | 'signal'>,
  nodes: readonly Node[],
  now: () => number,
): PodWatch {
  const since = new Map<string, number>()
  let next = now() + QUIET_MS
  let latest: readonly (PodTrouble & { readonly host: string })[] = []
  const look = async () => {
    if (now() < next) return
    const found = await Promise.all(nodes.map(async (node) => await troublesOn(session, node)))
    const time = now()
    next = time + EVERY_MS
    latest = found.flat()
    const keys = latest.map(keyOf)
    for (const key of since.keys()) if (!keys.includes(key)) since.delete(key)
    for (const one of latest) {
      const key = keyOf(one)
      if (!since.has(key))
        session.emit({ type: 'warning', host: one.host, text: `the pod ${describePodTrouble(one)}` })
      const started = since.get(key) ?? time
      since.set(key, started)
      if (one.image !== undefined && (AT_ONCE.has(one.reason) || time - started >= IMAGE_MS))
        throw missingImage(one)
    }
  }
  return { look, troubles: () => latest.map((one) => `${one.host}: ${describePodTrouble(one)}`) }
}

/** ErrImagePull and ImagePullBackOff alternate. */
function keyOf({ host, pod, image, reason }: PodTrouble & { readonly host: string }): string {
  return `${host} ${pod} ${image ?? reason}`
}

/** Empty if the node doesn't answer: what is waited for reports that. */
async function troublesOn({ remote, signal }: Pick<TierSession, 'remote' | 'signal'>, node: Node) {
  try {
    const { stdout } = await (
      await remote(node)
    ).run({
      argv: ['sh', '-c', program, 'kubelet-log', String(WINDOW_SECONDS)],
      root: true,
      signal,
      patience: { asked: "its kubelet's log", ms: LOOK_MS },
    })
    return parsePodTroubles(stdout).map((one) => ({ ...one, host: node.name }))
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return []
  }
}

function missingImage(trouble: PodTrouble & { readonly host: string }): QuorateError {
  const { host, image = '' } = trouble
  return new QuorateError('kubernetes', describePodTrouble(trouble), {
    id: 'pod-does-not-start',
    host,
    hint: `try the pull on ${host}: ctr -n k8s.io images pull ${image}. Check kubernetes.imageRepository and kubernetes.version in the cluster file. For an imported image: ctr -n k8s.io images ls. Then rerun quorate apply to continue`,
  })
}
