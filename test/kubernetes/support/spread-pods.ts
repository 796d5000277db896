/** Pods on all workers, which leave a lost node after five seconds instead of five minutes. */
import { IMAGES } from '../built.ts'
import type { BalancedApi } from './balanced-api.ts'

const NAMESPACE = 'default'

export async function startPods(api: BalancedApi): Promise<void> {
  await api.create(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, deployment())
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string }
    readonly spec: { readonly nodeName?: string }
    readonly status: { readonly phase: string }
  }[]
}

/** The nodes of the running pods, in order. */
export async function podsOn(api: BalancedApi): Promise<readonly string[]> {
  const { items } = await api.read<Pods>(`/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dspread`)
  const running = items.filter(
    ({ metadata, status }) => status.phase === 'Running' && metadata.deletionTimestamp === undefined,
  )
  return running.flatMap(({ spec }) => spec.nodeName ?? []).toSorted()
}

function deployment(): object {
  const labels = { app: 'spread' }
  const tolerations = ['not-ready', 'unreachable'].map((what) => ({
    key: `node.kubernetes.io/${what}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 5,
  }))
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'spread', namespace: NAMESPACE },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          tolerations,
          topologySpreadConstraints: [spread],
          containers: [{ name: 'pause', image: IMAGES.pause, imagePullPolicy: 'Never' }],
          terminationGracePeriodSeconds: 0,
        },
      },
    },
  }
}
