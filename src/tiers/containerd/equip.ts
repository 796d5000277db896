/** Programs and image archives for the nodes of a wave: from the cache, or obtained first. */
import { obtainKubernetesArtifacts } from '../../artifacts/kubernetes/supply.ts'
import { QuorateError } from '../../errors.ts'
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { EngineStep } from '../../engine/step.ts'
import type { Hosts, TierSession } from '../../engine/tier.ts'
import type { Contents } from '../../host/parcel.ts'
import type { Architecture } from '../../host/state.ts'

type Carried = Extract<ServiceStep, { readonly kind: 'program' | 'image' }>

/** @throws QuorateError `artifact` if they can't be had or are not what they should be; `cancelled` */
export async function equipNodes(
  session: TierSession,
  { hosts }: { readonly hosts: Hosts },
  steps: readonly EngineStep[],
): Promise<(step: EngineStep) => Contents | undefined> {
  const { kubernetes } = session.cluster
  const carried = steps.filter(isCarried)
  if (kubernetes === undefined || carried.length === 0) return () => undefined
  const architectureOf = (step: Carried) => hosts[step.host]?.architecture ?? 'other'
  const byArchitecture = new Map<Architecture, Contents>()
  for (const architecture of new Set(carried.map(architectureOf))) {
    if (architecture === 'other')
      throw new QuorateError('artifact', 'there is no Kubernetes for this processor architecture')
    const { programs, images } = await obtainKubernetesArtifacts(kubernetes, architecture, {
      cacheDirectory: session.cacheDirectory,
      signal: session.signal,
      emit: ({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) =>
        session.emit({ type: 'artifact', text, doneBytes, totalBytes }),
    })
    byArchitecture.set(
      architecture,
      Object.fromEntries([
        ...programs.flatMap(({ name, links, path: file, sha256, sizeBytes }) =>
          [name, ...links].map((one) => [one, { file, sha256, sizeBytes }] as const),
        ),
        ...images.flatMap(({ names, path: file, sha256, sizeBytes }) =>
          names.map((one) => [one, { file, sha256, sizeBytes }] as const),
        ),
      ]),
    )
  }
  return (step) => (isCarried(step) ? byArchitecture.get(architectureOf(step)) : undefined)
}

function isCarried(step: EngineStep): step is Carried {
  return step.kind === 'program' || step.kind === 'image'
}
